import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AliasRule, PromotionRequest } from '../../../src/contract/client/registry.js';
import { Strata } from '../../support/strata.js';
import { insertModel } from '../support/models.js';
import { smallJob } from '../support/specs.js';

let strata: Strata;
before(async () => {
  strata = await Strata.start();
});
after(() => strata.stop());

const registry = () => strata.client.registry;
const isRefused = (code: string) => (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

async function makeModel(name: string, tenant = 'default'): Promise<string> {
  const { job } = await strata.service.forTenant(tenant).jobs.createJob(smallJob(), {});
  return insertModel(strata.sql, job.id, { name });
}

let made = 0;

/** An evaluation that has succeeded with this accuracy, newer than those before. */
async function evaluated(model: string, accuracy: number, sha256 = '1'.repeat(64)): Promise<string> {
  made += 1;
  const id = `evaluation_${String(made).padStart(24, '0')}`;
  await strata.sql.query(
    `INSERT INTO evaluation (id, tenant, model_id, model_name, variant, dataset_id, dataset_name, dataset_sha256, split, tta,
       images, setup, parts, state, figures)
     VALUES ($1, 'default', $2, 'digits', 'full', 'october', 'october', $3, 'test', 'none', 1, '{}', 1, 'succeeded', $4)`,
    [id, model, sha256, { accuracy }],
  );
  return id;
}

const promote = (name: string, version: number, more: Partial<PromotionRequest> = {}, author = 'key_1') =>
  registry().createPromotion(
    name,
    { alias: 'production', note: '', force: null, etag: null, version, ...more },
    author,
  );
const holder = async (name: string) => (await registry().getAlias(name, 'production')).version;
type Demand = AliasRule['requires'][number];
const demand = (changes: Partial<Demand>): Demand => ({
  ...{ dataset: 'october', split: 'test', variant: 'full', metric: 'accuracy' },
  ...{ at_least: null, not_worse_than: null, tolerance: 0 },
  ...changes,
});

test('models of a name are numbered, and a number is never used again', async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, () => makeModel('numbered')));
  const versions = async () =>
    (await registry().getRegisteredModel('numbered')).versions.map(({ version, model_id: id }) => [
      version,
      id,
    ]);
  const first = await versions();
  assert.deepEqual(
    first.map(([version]) => version),
    [4, 3, 2, 1],
  );
  assert.deepEqual(first.map(([, id]) => id).sort(), [...ids].sort());
  const last = String(first[0]?.[1]);
  await strata.client.models.deleteModel(last);
  const next = await makeModel('numbered');
  assert.deepEqual((await versions()).slice(0, 2), [
    [5, next],
    [4, null],
  ]);
  assert.equal((await strata.client.models.getModel(next))?.version, 5);
  await strata.client.models.updateModel(next, { name: 'renamed' });
  assert.equal((await strata.client.models.getModel(next))?.version, 1);
  assert.deepEqual((await versions())[0], [5, null]);
  await assert.rejects(registry().setAlias('numbered', 'production', 5, 'none'), isRefused('version_gone'));
  await assert.rejects(registry().setAlias('numbered', 'production', 6, 'none'), isRefused('not_found'));
  await assert.rejects(registry().getRegisteredModel('nobody'), isRefused('not_found'));
  const other = strata.service.forTenant('other').registry;
  await assert.rejects(other.getRegisteredModel('numbered'), isRefused('not_found'));
});

test('an alias is set by compare and set, and one of two callers that saw the same wins', async () => {
  const [a, b] = [await makeModel('raced'), await makeModel('raced')];
  const { etag } = await registry().getAlias('raced', 'production');
  assert.equal(etag, 'none');
  const results = await Promise.allSettled([
    registry().setAlias('raced', 'production', 1, etag),
    registry().setAlias('raced', 'production', 2, etag),
  ]);
  const lost = results.filter((result) => result.status === 'rejected');
  assert.equal(lost.length, 1);
  assert.ok(isRefused('alias_changed')(lost[0]?.reason));
  const held = await registry().getAlias('raced', 'production');
  const tagged = await strata.client.models.getModel(held.model_id ?? '');
  assert.deepEqual(tagged?.tags, ['production'], 'an alias is a tag');
  // A tag that was given by the old route counts as a change, even if it comes back to the same model.
  const loser = held.model_id === a ? b : a;
  await strata.client.models.tagModel(loser, 'production');
  await strata.client.models.tagModel(held.model_id ?? '', 'production');
  await assert.rejects(registry().setAlias('raced', 'production', 1, held.etag), isRefused('alias_changed'));
});

test('a rule lets nothing through that no evaluation shows, and names its evidence', async () => {
  const model = await makeModel('gated');
  await registry().setAliasRule('gated', 'production', {
    requires: [demand({ at_least: 0.9 })],
    approvals: 0,
    not_by_author: false,
  });
  await assert.rejects(registry().setAlias('gated', 'production', 1, 'none'), isRefused('alias_ruled'));
  await assert.rejects(strata.client.models.tagModel(model, 'production'), isRefused('alias_ruled'));
  const without = await promote('gated', 1);
  assert.deepEqual([without.state, without.evidence[0]?.met], ['rejected', false]);
  assert.match(without.reason ?? '', /no evaluation on test of october/);
  await evaluated(model, 0.89);
  assert.match((await promote('gated', 1)).reason ?? '', /accuracy .* is 0\.89, less than 0\.9/);
  assert.equal(await holder('gated'), null);
  const enough = await evaluated(model, 0.9);
  const applied = await promote('gated', 1);
  assert.deepEqual([applied.state, applied.evidence[0]?.evaluations], ['applied', [enough]]);
  assert.equal(await holder('gated'), 1);
});

test('a model that is worse than the one in production stays out, unless it is forced with a reason', async () => {
  const [old, next] = [await makeModel('worse'), await makeModel('worse')];
  const rule = {
    requires: [demand({ not_worse_than: 'production', tolerance: 0.01 })],
    approvals: 0,
    not_by_author: false,
  };
  await registry().setAliasRule('worse', 'production', rule);
  await evaluated(old, 0.9);
  assert.equal((await promote('worse', 1)).state, 'applied', 'no model has the alias');
  await evaluated(next, 0.95, '2'.repeat(64));
  assert.match((await promote('worse', 2)).reason ?? '', /other images/);
  await evaluated(next, 0.885);
  assert.match((await promote('worse', 2)).reason ?? '', /worse by more than 0\.01/);
  const forced = await promote('worse', 2, { force: { reason: 'the old one is on fire' } });
  assert.deepEqual([forced.state, forced.forced_reason], ['applied', 'the old one is on fire']);
  assert.equal(forced.evidence[0]?.met, false, 'what the rule would have said is kept');
});

test('one of two pending promotions is applied, and the other hears that it was overtaken', async () => {
  await makeModel('pending');
  await makeModel('pending');
  await registry().setAliasRule('pending', 'production', { requires: [], approvals: 1, not_by_author: true });
  const [first, second] = [await promote('pending', 1), await promote('pending', 2)];
  assert.deepEqual([first.state, second.state], ['pending', 'pending']);
  await assert.rejects(registry().approvePromotion(first.id, 'key_1'), isRefused('approval_refused'));
  const results = await Promise.allSettled([
    registry().approvePromotion(first.id, 'key_2'),
    registry().approvePromotion(second.id, 'key_2'),
  ]);
  const lost = results.filter((result) => result.status === 'rejected');
  assert.equal(lost.length, 1);
  assert.ok(isRefused('alias_changed')(lost[0]?.reason));
  const states = (await registry().listPromotions('pending', { limit: 10 })).data
    .map(({ state }) => state)
    .sort();
  assert.deepEqual(states, ['applied', 'rejected']);
  await assert.rejects(registry().approvePromotion(first.id, 'key_3'), isRefused('promotion_ended'));
  const third = await promote('pending', 1);
  assert.equal((await registry().rejectPromotion(third.id, 'key_2')).state, 'rejected');
  const other = strata.service.forTenant('other').registry;
  await assert.rejects(other.approvePromotion(third.id, 'key_9'), isRefused('not_found'));
});

test('names are listed in order, page by page, with the latest version and the aliases of each', async () => {
  const { registry: other, models } = strata.service.forTenant('lists');
  const ids = new Map<string, string>();
  for (const name of ['zeta', 'älter', 'alpha', 'alpha']) ids.set(name, await makeModel(name, 'lists'));
  await models.tagModel(ids.get('alpha') ?? '', 'production');
  const seen = [];
  for (let after: string | undefined; ; ) {
    const { data, next } = await other.listRegisteredModels({ limit: 2, after });
    seen.push(...data);
    if (next === null) break;
    after = next;
  }
  assert.deepEqual(
    seen.map(({ name, latest_version, aliases }) => [name, latest_version, aliases]).toSorted(),
    [
      ['alpha', 2, [{ alias: 'production', version: 2 }]],
      ['zeta', 1, []],
      ['älter', 1, []],
    ],
  );
  assert.deepEqual(
    (await strata.service.forTenant('nobody').registry.listRegisteredModels({ limit: 2 })).data,
    [],
  );
});

test('webhooks hear of aliases and promotions in each of their states, each once', async () => {
  const events = [
    'model.alias.changed',
    'promotion.applied',
    'promotion.pending',
    'promotion.rejected',
  ] as const;
  await strata.client.webhooks.createWebhook({ url: 'https://example.com/', events: [...events] });
  const heard = async () => {
    const { rows } = await strata.sql.query('DELETE FROM webhook_delivery RETURNING type, message');
    return rows.toSorted((a, b) => a.type.localeCompare(b.type));
  };
  await makeModel('heard');
  await promote('heard', 1);
  const rows = await heard();
  assert.deepEqual(
    rows.map(({ type }) => type),
    ['model.alias.changed', 'promotion.applied'],
  );
  assert.equal(rows[0].message.data.alias.name, 'heard');
  assert.equal(rows[1].message.data.promotion.version, 1);
  const rule = { requires: [], approvals: 1, not_by_author: false };
  await registry().setAliasRule('heard', 'production', rule);
  const { id } = await promote('heard', 1);
  assert.deepEqual(
    (await heard()).map(({ type, message }) => [type, message.data.promotion.id]),
    [['promotion.pending', id]],
  );
  await registry().rejectPromotion(id, 'key_2');
  assert.deepEqual(
    (await heard()).map(({ type, message }) => [type, message.data.promotion.id]),
    [['promotion.rejected', id]],
  );
});
