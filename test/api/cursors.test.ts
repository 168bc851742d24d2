import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadContract, type OperationEntry, operationsOf } from '../../src/api/openapi.js';
import { SCOPES } from '../../src/contract/access.js';
import { type LiveApi, useLiveApi } from './security/live-api.js';
import { MAKE } from './security/one-of-each.js';

const make = (kind: string, live: LiveApi): Promise<string> => MAKE[kind]!(live);

/** Puts two things at least into each list, and names its address. A new list of the contract needs a line here. */
const LISTS: Record<string, (live: LiveApi) => Promise<string>> = {
  async listJobs(live) {
    for (let count = 0; count < 2; count++) await make('jobs', live);
    return '/jobs?';
  },
  async listModels(live) {
    for (let count = 0; count < 2; count++) await make('models', live);
    return '/models?';
  },
  async listModelTagChanges(live) {
    const id = await make('models', live);
    await live.strata.service.forTenant('ours').models.untagModel(id, 'production');
    return `/models/${id}/tag-changes?`;
  },
  async listDatasets(live) {
    await make('datasets', live);
    return '/datasets?';
  },
  async listEvaluations(live) {
    for (let count = 0; count < 2; count++) await make('evaluations', live);
    return '/evaluations?';
  },
  async listBatchPredictions(live) {
    for (let count = 0; count < 2; count++) await make('batch-predictions', live);
    return '/batch-predictions?';
  },
  async listRegisteredModels(live) {
    const id = await make('models', live);
    await live.strata.sql.query(
      `INSERT INTO model_version (tenant, model_name, version) VALUES ('ours', 'another', 1)`,
    );
    assert.ok(id);
    return '/registry?';
  },
  async listPromotions(live) {
    for (let count = 0; count < 2; count++) await make('promotions', live);
    return '/registry/digits/promotions?';
  },
  async listReproductions(live) {
    const id = await make('models', live);
    for (let count = 0; count < 2; count++)
      await live.strata.sql.query(
        `INSERT INTO reproduction (id, tenant, model_id, job_id, expected) VALUES ($1, 'ours', $2, 'job_none', '')`,
        [`reproduction_${count}`.padEnd(37, '0'), id],
      );
    return `/models/${id}/reproductions?`;
  },
  async listWeights(live) {
    for (let count = 0; count < 2; count++) await make('weights', live);
    return '/weights?';
  },
  async listSweeps(live) {
    for (let count = 0; count < 2; count++) await make('sweeps', live);
    return '/sweeps?';
  },
  async listWebhookDeliveries(live) {
    const id = await make('webhooks', live);
    for (let count = 0; count < 2; count++)
      await live.strata.service.forTenant('ours').webhooks.testWebhook(id);
    return `/webhooks/${id}/deliveries?`;
  },
};

/** Operations whose pages begin after a cursor. Those of events and logs begin after a number. */
function isPaged({ operation }: OperationEntry): boolean {
  const { parameters = [] } = operation as unknown as { parameters?: readonly Parameter[] };
  return parameters.some(({ name, schema }) => name === 'after' && schema?.type === 'string');
}

interface Parameter {
  readonly name?: string;
  readonly schema?: { readonly type?: string };
}

interface Page {
  readonly data: readonly { readonly id?: string; readonly name?: string }[];
  readonly next: string | null;
}

/** Registered names have no id. */
const idOf = (item: Page['data'][number] | undefined): string =>
  item?.id ?? item?.name ?? assert.fail('the page is empty');

describe('cursors of lists', () => {
  const { live, call, keyWith } = useLiveApi();
  const paged = operationsOf(loadContract()).filter(isPaged);

  test('each list goes on after its own cursor, and refuses the cursor of every other list', async () => {
    const key = await keyWith(SCOPES);
    const pageOf = async (address: string): Promise<Page> => (await call('GET', address, key)).json();
    const lists = new Map<string, { address: string; cursor: string; first: string }>();
    for (const { id } of paged) {
      const address = await (LISTS[id] ?? assert.fail(`${id}: say in LISTS how to fill this list`))(live);
      const { data, next } = await pageOf(`${address}limit=1`);
      lists.set(id, { address, cursor: next ?? assert.fail(`${id} has one page`), first: idOf(data[0]) });
    }
    assert.equal(lists.size, 12);
    for (const [id, { address, cursor, first }] of lists) {
      const { data } = await pageOf(`${address}limit=1&after=${encodeURIComponent(cursor)}`);
      assert.ok(data.length === 1 && idOf(data[0]) !== first, `${id} goes on`);
      const others = [...lists].filter(([other]) => other !== id).map(([, other]) => other.cursor);
      const otherKind = cursor.replace(/[a-z]+_(?=\w+$)/, 'other_');
      for (const foreign of [...others, 'nonsense', '0', ...(otherKind === cursor ? [] : [otherKind])]) {
        const answer = await call('GET', `${address}after=${encodeURIComponent(foreign)}`, key);
        assert.deepEqual(
          [answer.statusCode, answer.json().code],
          [400, 'invalid_cursor'],
          `${id}: ${foreign}`,
        );
        assert.match(answer.json().errors[0].message, /^Must be the `next` of/);
      }
    }
  });
});
