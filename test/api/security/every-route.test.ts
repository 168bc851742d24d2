import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { loadContract, type OperationEntry, operationsOf, scopeOf } from '../../../src/api/openapi.js';
import { SCOPES, type Scope } from '../../../src/contract/access.js';
import { insertModel } from '../../jobs/support/models.js';
import { smallJob } from '../../jobs/support/specs.js';
import { type LiveApi, useLiveApi } from './live-api.js';

/**
 * Creates one resource of each kind that has an id, by the first part of its path, for the tenant `ours`. A new
 * resource of the contract fails these tests until it has a line here. null: it belongs to nobody.
 */
const MAKE: Record<string, ((live: LiveApi) => Promise<string>) | null> = {
  jobs: makeJob,
  async artifacts(live) {
    const id = `artifact_${randomUUID()}`;
    await live.strata.sql.query(
      `INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256)
       VALUES ($1, $2, 'report.json', 'report', 'application/json', 1, $3)`,
      [id, await makeJob(live), '0'.repeat(64)],
    );
    return id;
  },
  async 'api-keys'(live) {
    await live.office.create({ tenant: 'ours', name: 'victim', scopes: ['admin'] });
    return (await live.office.list('ours'))[0]!.id;
  },
  models: makeModel,
  async profiles({ strata }) {
    const ours = strata.service.forTenant('ours');
    return (await ours.plans.createProfile({ job: smallJob(), device: 'cpu' })).id;
  },
  webhooks: async (live) => (await makeWebhook(live)).id,
  async 'webhook-deliveries'(live) {
    const { id } = await makeWebhook(live);
    return (await live.strata.service.forTenant('ours').webhooks.testWebhook(id)).id;
  },
  async datasets({ strata }) {
    const ours = strata.service.forTenant('ours');
    const upload = await ours.datasets.receiveUpload(Readable.from([Buffer.from('no archive')]));
    const request = {
      name: randomUUID(),
      format: 'auto' as const,
      test_share: null,
      image: {},
      layout: 'auto' as const,
      root: null,
      sha256: null,
    };
    return (await ours.datasets.createDataset(request, upload)).id;
  },
};

async function makeJob({ strata }: LiveApi): Promise<string> {
  return (await strata.service.forTenant('ours').jobs.createJob(smallJob(), {})).job.id;
}

/** One that holds the tag `production`. */
async function makeModel(live: LiveApi): Promise<string> {
  const jobId = await makeJob(live);
  const id = await insertModel(live.strata.sql, jobId);
  await live.strata.service.forTenant('ours').models.tagModel(id, 'production');
  return id;
}

function makeWebhook({ strata }: LiveApi) {
  const request = { url: 'https://example.com/', events: ['job.failed' as const] };
  return strata.service.forTenant('ours').webhooks.createWebhook(request);
}

describe('every operation of the contract', () => {
  const { live, call, keyWith: makeKey } = useLiveApi();
  const keys = new Map<string, Promise<string>>();
  // One of a kind: a tenant may not have as many as there are operations.
  const keyWith = (scopes: readonly Scope[], tenant = 'ours'): Promise<string> => {
    const kind = JSON.stringify([tenant, scopes]);
    const key = keys.get(kind) ?? makeKey(scopes, tenant);
    keys.set(kind, key);
    return key;
  };
  const operations = operationsOf(loadContract());
  const resourceOf = (path: string) => path.split('/')[1] ?? '';
  const sample = ({ path }: OperationEntry) => path.replaceAll(/\{\w+\}/g, 'none');

  test('operations without a key are about health', () => {
    const open = operations.filter((entry) => scopeOf(entry) === null).map(({ path }) => path);
    assert.deepEqual(open, ['/health/live', '/health/ready']);
  });

  for (const entry of operations.filter((candidate) => scopeOf(candidate) !== null)) {
    const { id, method } = entry;
    const scope = scopeOf(entry)!;

    test(`${id} needs a key, and of its scopes ${scope}`, async () => {
      // The first key ends the time in which nobody needs one.
      const without = await keyWith(SCOPES.filter((other) => other !== scope));
      const anonymous = await call(method, sample(entry));
      assert.deepEqual(
        [anonymous.statusCode, anonymous.json().code],
        [401, 'unauthenticated'],
        anonymous.body,
      );
      const lacking = await call(method, sample(entry), without);
      assert.deepEqual([lacking.statusCode, lacking.json().code], [403, 'scope_missing'], lacking.body);
      assert.match(lacking.json().detail, new RegExp(`\`${scope}\``));
      const enough = await call(method, sample(entry), await keyWith([scope]));
      assert.ok(![401, 403].includes(enough.statusCode), enough.body);
    });
  }

  for (const entry of operations.filter(({ path }) => path.includes('{'))) {
    const { id, method, path } = entry;
    const resource = resourceOf(path);

    test(`${id} answers another tenant's ids as if there were none`, async () => {
      const make = MAKE[resource];
      assert.notEqual(make, undefined, `say in this file how to make one of /${resource}`);
      if (!make) return;
      const ours = await make(live);
      const theirs = await keyWith(SCOPES, 'theirs');
      const payload = exampleOf(entry);
      const options = payload === undefined ? {} : { payload: payload as object };
      const [foreign, absent] = await Promise.all(
        [ours, 'none'].map((own) => call(method, urlOf(path, own), theirs, options)),
      );
      assert.deepEqual([foreign?.statusCode, foreign?.json().code], [404, 'not_found'], foreign?.body);
      const said = (response: typeof foreign, name: string) =>
        JSON.stringify({ ...response?.json(), request_id: '' }).replaceAll(name, 'ID');
      assert.equal(said(foreign, ours), said(absent, 'none'));
      const { statusCode } = await call(method, urlOf(path, ours), await keyWith(SCOPES), options);
      assert.ok(statusCode !== 404, `the owner's own answers ${statusCode}`);
    });
  }
});

const urlOf = (path: string, id: string) => path.replace('{id}', id).replace('{tag}', 'production');

function exampleOf({ operation }: OperationEntry): unknown {
  const { requestBody } = operation as unknown as {
    requestBody?: { content: Record<string, { example?: unknown }> };
  };
  return requestBody?.content['application/json']?.example;
}
