import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ModelFilter } from '../../../src/contract/client/models.js';
import type { TenantClient } from '../../../src/contract/client/tenant.js';
import { StrataError } from '../../../src/contract/errors.js';
import { openDatabase } from '../../../src/jobs/store/connection/database.js';
import { referencesAmong } from '../../../src/jobs/store/references.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { insertModel, type ModelColumns } from '../support/models.js';
import { type SpecChanges, smallJob } from '../support/specs.js';

// No dispatcher and no worker: jobs succeed on paper.
let strata: Strata;
let ours: TenantClient;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
  ours = strata.service.forTenant('ours');
});
after(() => strata.stop());

async function makeModel(columns: ModelColumns = {}, spec: SpecChanges = {}, tenant = 'ours') {
  const { job } = await strata.service.forTenant(tenant).jobs.createJob(smallJob(spec), {});
  return insertModel(strata.sql, job.id, columns);
}

const hasCode = (code: string) => (error: unknown) => error instanceof StrataError && error.code === code;

describe('lists of models', () => {
  const list = async (filter: Partial<ModelFilter>): Promise<string[]> => {
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = await ours.models.listModels({ limit: 2, order_by: 'created_at', ...filter, after });
      ids.push(...page.data.map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return ids;
  };

  test('models are listed in either order, with ties, page by page, and filtered', async () => {
    const day = (n: number) => `2026-01-0${n}T00:00:00.000Z`;
    const rows: readonly [string, ModelColumns][] = [
      ['model_a', { accuracy: 0.5, createdAt: day(1), name: 'one', metadata: { team: 'a', kind: 'x' } }],
      ['model_b', { accuracy: 0.1 + 0.2, createdAt: day(3), name: 'two', metadata: { team: 'a' } }],
      ['model_c', { accuracy: 0.1 + 0.2, createdAt: day(2), name: 'two' }],
      ['model_d', { accuracy: 0.9, createdAt: day(2), name: 'two', dataset: 'other' }],
      ['model_e', { accuracy: 0.1 + 0.2, createdAt: day(2), name: 'two' }],
    ];
    for (const [id, columns] of rows) await makeModel({ id, ...columns });
    await makeModel({ id: 'model_theirs', name: 'two' }, {}, 'theirs');
    const spelled = async (filter: Partial<ModelFilter>) =>
      (await list(filter)).map((id) => id.replace('model_', '')).join('');
    assert.equal(await spelled({}), 'bedca');
    assert.equal(await spelled({ order_by: 'accuracy' }), 'daecb');
    assert.equal(await spelled({ name: 'two' }), 'bedc');
    assert.equal(await spelled({ dataset: 'other' }), 'd');
    assert.equal(await spelled({ min_accuracy: 0.5, order_by: 'accuracy' }), 'da');
    assert.equal(await spelled({ min_accuracy: 0.1 + 0.2, order_by: 'accuracy' }), 'daecb');
    assert.equal(await spelled({ metadata: { team: 'a' } }), 'ba');
    assert.equal(await spelled({ metadata: { team: 'a', kind: 'x' } }), 'a');
    await ours.models.tagModel('model_c', 'candidate');
    assert.equal(await spelled({ tag: 'candidate' }), 'c');
    assert.equal(await spelled({ tag: 'production' }), '');
  });

  test('keep their place when models come and go between two pages', async () => {
    const first = await ours.models.listModels({ limit: 2, order_by: 'accuracy' });
    assert.deepEqual(
      first.data.map(({ id }) => id),
      ['model_d', 'model_a'],
    );
    await ours.models.deleteModel('model_a');
    await makeModel({ id: 'model_new', accuracy: 0.99 });
    const next = await ours.models.listModels({ limit: 2, order_by: 'accuracy', after: first.next ?? '' });
    assert.deepEqual(
      next.data.map(({ id }) => id),
      ['model_e', 'model_c'],
    );
  });

  test('refuse a cursor of another order, and one that was never given out', async () => {
    const { next } = await ours.models.listModels({ limit: 1, order_by: 'accuracy' });
    for (const after of [next ?? '', 'model_a', '_', '2026-13-45T00:00:00.000Z_model_a']) {
      await assert.rejects(
        ours.models.listModels({ limit: 1, order_by: 'created_at', after }),
        hasCode('invalid_cursor'),
        after,
      );
    }
  });
});

describe('a model', () => {
  test('shows its network, its origin and its size', async () => {
    const id = await makeModel(
      { accuracy: 0.75, metadata: { team: 'b' } },
      { seed: 11, model: { depth: 8 } },
    );
    const model = (await ours.models.getModel(id)) ?? assert.fail();
    assert.deepEqual([model.name, model.test_accuracy, model.provenance.seed], ['digits', 0.75, 11]);
    assert.deepEqual([model.dataset.name, model.classes.length, model.image.height], ['mnist', 2, 28]);
    // He et al.: 3x3 kernels 1-16, then two of 16, 16-32-32, 32-64-64, projections, norms, 64 x 2 and 2 biases.
    assert.equal(model.variants[0]?.parameters, parametersOfDepth8());
    assert.deepEqual(
      model.variants.map(({ variant, predicts }) => [variant, predicts]),
      [['full', false]],
      'finalize reported no compact network here',
    );
    const job = await ours.jobs.getJob(model.job_id);
    assert.equal(job?.result?.model_id, id);
  });

  test('is renamed, described and labelled, and keeps what is not named', async () => {
    const id = await makeModel({ metadata: { team: 'c' } });
    const described = await ours.models.updateModel(id, { description: 'thin digits' });
    assert.deepEqual([described.description, described.metadata], ['thin digits', { team: 'c' }]);
    const renamed = await ours.models.updateModel(id, { name: 'letters', metadata: {} });
    assert.deepEqual([renamed.name, renamed.description, renamed.metadata], ['letters', 'thin digits', {}]);
  });

  test('a model of another tenant does not exist, and stays unchanged', async () => {
    const id = await makeModel();
    const theirs = strata.service.forTenant('theirs');
    const own = await makeModel({}, {}, 'theirs');
    assert.equal(await theirs.models.getModel(id), null);
    const attempts: (() => Promise<unknown>)[] = [
      () => theirs.models.updateModel(id, { name: 'mine' }),
      () => theirs.models.deleteModel(id),
      () => theirs.models.tagModel(id, 'production'),
      () => theirs.models.untagModel(id, 'production'),
      () => theirs.models.listModelTagChanges(id, { limit: 1 }),
      () => theirs.models.compareModels(id, own),
      () => theirs.models.compareModels(own, id),
    ];
    for (const attempt of attempts) await assert.rejects(attempt(), hasCode('not_found'));
    assert.equal((await ours.models.getModel(id))?.name, 'digits');
  });

  test('keeps the blobs that its predictions need', async () => {
    const id = await makeModel();
    const uri = `sha256:${'5'.repeat(64)}` as const;
    await strata.sql.query('UPDATE model SET serving = $1 WHERE id = $2', [{ full: uri }, id]);
    const db = await openDatabase(strata.servers.databaseUrl);
    const isKept = async () => (await referencesAmong(db, [uri])).length === 1;
    assert.ok(await isKept());
    await ours.models.deleteModel(id);
    assert.ok(!(await isKept()));
    await db.$disconnect();
  });
});

describe('tags', () => {
  test('move between the models of a name, and leave a history', async () => {
    const [a, b] = [await makeModel({ name: 'tagged' }), await makeModel({ name: 'tagged' })];
    const other = await makeModel({ name: 'another' });
    await ours.models.tagModel(other, 'production');
    await ours.models.tagModel(a, 'production');
    await ours.models.tagModel(a, 'production');
    assert.deepEqual((await ours.models.tagModel(b, 'production')).tags, ['production']);
    assert.deepEqual((await ours.models.getModel(a))?.tags, []);
    assert.deepEqual((await ours.models.getModel(other))?.tags, ['production'], 'its name is another');
    await assert.rejects(ours.models.untagModel(a, 'production'), hasCode('not_found'));
    await ours.models.untagModel(b, 'production');
    const changes = async (id: string) =>
      (await ours.models.listModelTagChanges(id, { limit: 9 })).data.map((change) => [
        change.previous_model_id,
        change.model_id,
      ]);
    assert.deepEqual(await changes(a), [
      [a, b],
      [null, a],
    ]);
    assert.deepEqual(await changes(b), [
      [b, null],
      [a, b],
    ]);
  });

  test('have one holder and a complete history when two models are promoted at once', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => makeModel({ name: 'raced' })));
    await Promise.all([...ids, ...ids].map((id) => ours.models.tagModel(id, 'production')));
    const { rows } = await strata.sql.query(`SELECT model_id FROM model_tag WHERE model_name = 'raced'`);
    assert.equal(rows.length, 1);
    const history = await strata.sql.query(
      `SELECT previous_model_id AS "from", model_id AS "to" FROM tag_change WHERE model_name = 'raced'`,
    );
    // The changes of a tag form a chain: each names the model that had the tag before, the first names none.
    const given = history.rows.map(({ to }) => to as string).sort();
    const left = history.rows.flatMap(({ from }) => (from as string | null) ?? []);
    assert.equal(history.rows.filter(({ from }) => from === null).length, 1);
    assert.deepEqual([...left, rows[0].model_id].sort(), given);
  });

  test('keep a model from being renamed, and `production` from being deleted', async () => {
    const id = await makeModel({ name: 'kept' });
    await ours.models.tagModel(id, 'candidate');
    await ours.models.tagModel(id, 'production');
    await assert.rejects(ours.models.updateModel(id, { name: 'other' }), hasCode('model_tagged'));
    assert.equal((await ours.models.updateModel(id, { name: 'kept', description: 'x' })).description, 'x');
    await assert.rejects(ours.models.deleteModel(id), hasCode('model_in_use'));
    assert.deepEqual(
      (await ours.models.getModel(id))?.tags,
      ['candidate', 'production'],
      'nothing of it happened',
    );
    await ours.models.untagModel(id, 'production');
    await ours.models.deleteModel(id);
    assert.equal(await ours.models.getModel(id), null);
    const { rows } = await strata.sql.query('SELECT 1 FROM model_tag WHERE model_id = $1', [id]);
    assert.equal(rows.length, 0);
  });
});

test('two models are compared: fields of the spec, figures, ends of curves', async () => {
  const a = await makeModel({ accuracy: 0.5 }, { seed: 1, optimizer: { learning_rate: 0.1 } });
  const b = await makeModel(
    { accuracy: 0.75 },
    { seed: 1, optimizer: { learning_rate: 0.2 }, method: { stages: 1 } },
  );
  const jobOf = async (id: string) => (await ours.models.getModel(id))?.job_id;
  await strata.sql.query(
    `INSERT INTO metric_point (job_id, name, stage, step, attempt, value)
     VALUES ($1, 'loss', 0, 1, 1, 2), ($1, 'loss', 0, 7, 1, 0.5), ($1, 'loss', 0, 8, 1, 'NaN'), ($2, 'loss', 0, 3, 1, 0.25),
       ($2, 'loss', -1, 3, 1, 1)`,
    [await jobOf(a), await jobOf(b)],
  );
  const { spec, figures, curves } = await ours.models.compareModels(a, b);
  const fields = new Map(spec.map((field) => [field.pointer, [field.a, field.b]]));
  assert.deepEqual(fields.get('/optimizer/learning_rate'), [0.1, 0.2]);
  assert.ok(!fields.has('/seed') && !fields.has('/dataset'));
  const accuracy = figures.find(({ name }) => name === 'test_accuracy');
  assert.deepEqual([accuracy?.a, accuracy?.b, accuracy?.difference], [0.5, 0.75, 0.25]);
  assert.ok(figures.some(({ name, difference }) => name === 'parameters_full' && difference === 0));
  assert.deepEqual(
    curves.map((curve) => [curve.stage, curve.a, curve.b]),
    [
      [0, { step: 7, value: 0.5 }, { step: 3, value: 0.25 }],
      [null, null, { step: 3, value: 1 }],
    ],
  );
});

/** Parameters of the CIFAR-style residual network of 8 layers on one channel and two classes, counted by hand. */
function parametersOfDepth8(): number {
  const convolution = (size: number, from: number, to: number) => size * size * from * to;
  const norm = (channels: number) => 2 * channels;
  const block = (from: number, to: number) =>
    convolution(3, from, to) + convolution(3, to, to) + 2 * norm(to);
  const projection = (from: number, to: number) => convolution(1, from, to) + norm(to);
  const stem = convolution(3, 1, 16) + norm(16);
  const groups = block(16, 16) + block(16, 32) + projection(16, 32) + block(32, 64) + projection(32, 64);
  return stem + groups + 64 * 2 + 2;
}
