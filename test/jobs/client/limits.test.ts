import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TenantClient } from '../../../src/contract/client/tenant.js';
import { StrataError } from '../../../src/contract/errors.js';
import { MAX_KEYS_PER_TENANT } from '../../../src/jobs/client/keys/manage.js';
import { MAX_WEBHOOKS_PER_TENANT } from '../../../src/jobs/process/limits.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';

let strata: Strata;
let client: TenantClient;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
  client = strata.service.forTenant('crowd');
  await client.apiKeys.createApiKey({ name: 'first', scopes: ['admin'] });
});
after(() => strata.stop());

/** Number of accepted requests out of many at once; every other one is rejected for the limit. */
async function taken(requests: number, request: () => Promise<unknown>): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: requests }, request));
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    assert.ok(
      outcome.reason instanceof StrataError && outcome.reason.code === 'limit_reached',
      outcome.reason,
    );
  }
  return outcomes.filter(({ status }) => status === 'fulfilled').length;
}

test('a limit holds exactly among many requests at once', async () => {
  const webhook = { url: 'https://example.com/hook', events: ['job.succeeded'] } as const;
  const webhooks = await taken(120, () =>
    client.webhooks.createWebhook({ url: webhook.url, events: [...webhook.events] }),
  );
  assert.equal(webhooks, MAX_WEBHOOKS_PER_TENANT);
  const keys = await taken(120, () => client.apiKeys.createApiKey({ name: 'k', scopes: ['jobs:read'] }));
  assert.equal(keys, MAX_KEYS_PER_TENANT - 1);
  assert.equal((await client.webhooks.listWebhooks()).data.length, MAX_WEBHOOKS_PER_TENANT);
});
