import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { StrataError } from '../../../src/contract/errors.js';
import type { BlobUri } from '../../../src/contract/trainer-protocol.js';
import { collectGarbage, type GarbageQuestions } from '../../../src/jobs/dispatcher/garbage.js';
import { type Database, openDatabase } from '../../../src/jobs/store/connection/database.js';
import {
  findUnlistedManifests,
  listBlobs,
  readHeldReferences,
  referencesAmong,
} from '../../../src/jobs/store/references.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { type SpecChanges, smallJob } from '../support/specs.js';

/** A horizon in the future, as if all blobs had been put long ago. */
function futureGarbage(db: Database): GarbageQuestions {
  return {
    horizon: async () => new Date(Date.now() + 60_000),
    held: () => readHeldReferences(db),
    unlisted: (after, limit) => findUnlistedManifests(db, after, limit),
    list: (manifest, parts) => listBlobs(db, manifest, parts),
    among: (asked) => referencesAmong(db, asked),
  };
}

describe('checkpoints of a job', () => {
  let strata: Strata;
  let db: Database;
  /** With its training done and its end held back. */
  let source: string;
  const checkpoints = async (id: string) => (await strata.client.jobs.listJobCheckpoints(id)).data;
  const from = (checkpoint: string, changes: SpecChanges = {}) =>
    strata.client.jobs.createJob(smallJob({ init_from: { checkpoint, head: 'auto' }, ...changes }), {});
  const refusal = async (checkpoint: string, changes: SpecChanges = {}) => {
    const error = await from(checkpoint, changes).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof StrataError && error.code === 'invalid_spec', String(error));
    return error.errors;
  };

  before(async () => {
    strata = await Strata.start({ trainer: FAKE_TRAINER });
    db = await openDatabase(strata.servers.databaseUrl);
    await Promise.all([strata.startDispatcher(), strata.startWorker()]);
    await strata.orders.hold('finalize');
    source = (await strata.client.jobs.createJob(smallJob(), {})).job.id;
    await strata.orders.started('finalize');
  });
  after(async () => {
    await db.$disconnect();
    await strata.stop();
  });

  test('are listed for every round so far, stage by stage, in the order of training', async () => {
    const found = await checkpoints(source);
    const { plan } = (await strata.client.jobs.getJob(source))!;
    assert.equal(found.length, plan.parallel_rounds + plan.end_to_end_rounds);
    assert.deepEqual(
      found.slice(0, 2).map(({ id, kind, round }) => [id, kind, round]),
      [
        [`${source}-round-0`, 'round', 0],
        [`${source}-round-1`, 'round', 1],
      ],
    );
    assert.deepEqual(
      found[0]!.parts.map(({ stage, task }) => [stage, task]),
      [
        [0, 'stage-0-0'],
        [1, 'stage-1-0'],
      ],
    );
    const last = found.at(-1)!;
    assert.deepEqual([last.id, last.step], [`${source}-end_to_end-0`, plan.total_steps]);
    assert.deepEqual(
      last.parts.map(({ stage, task }) => [stage, task]),
      [
        [null, 'end_to_end-0-0'],
        [null, 'end_to_end-0-1'],
      ],
    );
    assert.ok(found.every(({ starts_jobs }) => starts_jobs));
    const { sha256, size_bytes } = last.parts[0]!;
    assert.equal((await strata.blobs.get(`sha256:${sha256}`)).byteLength, size_bytes);
  });

  test('start no job whose network or images differ, and the error names each field', async () => {
    const [first] = await checkpoints(source);
    const differing = await refusal(first!.id, { model: { width: 8, depth: 14 } });
    assert.deepEqual(
      differing.map(({ pointer }) => pointer),
      ['/model/depth', '/model/width'],
    );
    assert.match(differing[0]!.message, /depth|network/);
    const half = { checkpoint: first!.id, head: 'auto', refine: true } as const;
    const refined = async (depth: number) => {
      const [problem] = await refusal(first!.id, { model: { depth }, init_from: half });
      return `${problem?.pointer}: ${problem?.message}`;
    };
    assert.match(
      await refined(26),
      /^\/model\/depth: a network of depth 26 refines one of 14, the checkpoint has 20; use 38,/,
    );
    assert.match(await refined(20), /^\/init_from\/refine: no resnet has half the blocks of depth 20;/);
    const frozen = await refusal(first!.id, { model: { depth: 14 }, init_from: half, freeze: { blocks: 1 } });
    assert.deepEqual(
      frozen.map(({ pointer }) => pointer),
      ['/freeze'],
    );
    const stored = { type: 'stored', stages: 2 } as const;
    const [problem] = await refusal(first!.id, { method: stored });
    assert.equal(problem?.pointer, '/method/type');
    for (const none of [`${source}-round-99`, 'nonsense', source]) {
      assert.deepEqual(
        (await refusal(none)).map(({ pointer }) => pointer),
        ['/init_from/checkpoint'],
      );
    }
    const theirs = strata.service.forTenant('theirs');
    const stolen = smallJob({ init_from: { checkpoint: first!.id, head: 'auto' } });
    await assert.rejects(theirs.jobs.createJob(stolen, {}), /there is no checkpoint/);
    await assert.rejects(theirs.jobs.listJobCheckpoints(source), { code: 'not_found' });
  });

  test('give their head to a job with the same classes; another job gets a new one, and is told so', async () => {
    const [first] = await checkpoints(source);
    await db.$executeRawUnsafe(
      `INSERT INTO dataset SELECT (jsonb_populate_record(dataset, '{"id": "dataset_others", "name": "others"}')).*
       FROM dataset WHERE name = 'mnist'`,
    );
    const told = '/init_from/head';
    const dryRun = async (classes: readonly string[], changes: SpecChanges = {}) => {
      await db.$executeRawUnsafe(
        `UPDATE dataset SET classes = '${JSON.stringify(classes)}' WHERE name = 'others'`,
      );
      const spec = {
        init_from: { checkpoint: first!.id, head: 'auto' },
        dataset: 'others',
        ...changes,
      } as const;
      const { job } = await strata.client.jobs.createJob(smallJob(spec), { dryRun: true });
      return [job.spec.init_from?.head, job.plan.warnings.filter(({ pointer }) => pointer === told).length];
    };
    const digits = [...'0123456789'];
    assert.deepEqual(await dryRun(digits), ['keep', 0]);
    assert.deepEqual(await dryRun(digits.toReversed()), ['new', 1]);
    assert.deepEqual(await dryRun(['a', 'b', 'c']), ['new', 1]);
    const keep = { init_from: { checkpoint: first!.id, head: 'keep' } } as const;
    assert.deepEqual(await dryRun(digits.toReversed(), keep), ['keep', 0]);
    await assert.rejects(
      dryRun(['a', 'b', 'c'], keep),
      /has 10 classes, the dataset has 3; use "new" or "auto"/,
    );
  });

  test('have statistics of batch norms only where their job froze these', async () => {
    const [first] = await checkpoints(source);
    const freeze = { blocks: 1, norm: 'frozen' } as const;
    const start = (statistics: 'auto' | 'keep') => ({
      freeze,
      init_from: { checkpoint: first!.id, head: 'auto', statistics } as const,
    });
    const chosen = async () => {
      const { job } = await strata.client.jobs.createJob(smallJob(start('auto')), { dryRun: true });
      return job.spec.init_from?.statistics;
    };
    assert.equal(await chosen(), 'estimate');
    assert.deepEqual(await refusal(first!.id, start('keep')), [
      {
        pointer: '/init_from/statistics',
        message: 'the checkpoint has no statistics of the frozen batch norms; use "estimate" or "auto"',
      },
    ]);
    const froze = (untilEpoch: number | null) =>
      db.$executeRawUnsafe(
        `UPDATE job SET spec = jsonb_set(spec, '{freeze}', '{"blocks": 2, "norm": "frozen", "until_epoch": ${untilEpoch}}')
         WHERE id = '${source}'`,
      );
    await froze(null);
    assert.equal(await chosen(), 'keep');
    await froze(1);
    assert.equal(await chosen(), 'estimate', 'the blocks have trained, by statistics of batches');
    await db.$executeRawUnsafe(
      `UPDATE job SET spec = jsonb_set(spec, '{freeze}', 'null') WHERE id = '${source}'`,
    );
  });

  test('compare the images that the networks see, not those of the datasets', async () => {
    const [first] = await checkpoints(source);
    const shape = (height: number, storage: string) =>
      db.$executeRawUnsafe(
        `UPDATE dataset SET storage = '${storage}', image = '{"height": ${height}, "width": ${height}, "channels": 1}'
         WHERE name = 'others'`,
      );
    await shape(300, 'encoded');
    const { job } = await from(first!.id, { dataset: 'others', image_size: 28 });
    assert.equal(job.spec.image_size, 28);
    await strata.client.jobs.cancelJob(job.id, { force: true });
    const [refused] = await refusal(first!.id, { dataset: 'others', image_size: 64 });
    assert.equal(refused?.pointer, '/image_size');
    assert.match(refused.message, /28x28x1, this one would see 64x64x1; use 28$/);
    await shape(32, 'pixels');
    assert.deepEqual(
      (await refusal(first!.id, { dataset: 'others' })).map(({ pointer }) => pointer),
      ['/dataset'],
    );
  });

  test('stay for the job that starts from them when their own job is deleted and garbage collected', async () => {
    const [first] = await checkpoints(source);
    const uris = first!.parts.map(({ sha256 }): BlobUri => `sha256:${sha256}`);
    await strata.orders.hold('prepare');
    assert.equal(
      (
        await strata.client.jobs.createJob(smallJob({ init_from: { checkpoint: first!.id, head: 'auto' } }), {
          dryRun: true,
        })
      ).job.id,
      'dry_run',
    );
    const { job } = await from(first!.id);
    assert.deepEqual(job.spec.init_from, { checkpoint: first!.id, head: 'keep' });
    await strata.orders.release('finalize');
    const { result } = await strata.ended(source);
    assert.deepEqual(await checkpoints(source), [], 'an ended job’s rounds are nobody’s');
    await refusal(first!.id);
    await strata.client.models.deleteModel(result!.model_id!);
    await strata.client.jobs.deleteJob(source);
    const ask = futureGarbage(db);
    const deleted = await collectGarbage(strata.blobs, ask);
    assert.ok(deleted > 0, 'the other rounds are garbage');
    assert.deepEqual(await Promise.all(uris.map((uri) => strata.blobs.exists(uri))), [true, true]);
    // The fake trainer reads every input.
    await strata.orders.release('prepare');
    assert.equal((await strata.ended(job.id)).state, 'succeeded');
    await collectGarbage(strata.blobs, ask);
    assert.deepEqual(await Promise.all(uris.map((uri) => strata.blobs.exists(uri))), [false, false]);
  });

  test('a model starts jobs of its network, and its weights outlive it until they have ended', async () => {
    await strata.orders.clear();
    const { client } = strata;
    const made = await client.jobs.createJob(smallJob(), {});
    const { result } = await strata.ended(made.job.id);
    const model = result!.model_id!;
    const start = (changes: SpecChanges = {}, init: SpecChanges['init_from'] = {}) =>
      smallJob({ init_from: { model, head: 'auto', ...init }, ...changes });
    const pointers = async (spec: ReturnType<typeof start>, of = client) => {
      const error = await of.jobs.createJob(spec, { dryRun: true }).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof StrataError && error.code === 'invalid_spec', String(error));
      return error.errors.map(({ pointer }) => pointer);
    };
    assert.deepEqual(await pointers(start()), ['/init_from/model'], 'its weights are not stored');
    // The fake trainer stores no weights.
    await db.$executeRaw`UPDATE artifact SET name = 'weights.safetensors' WHERE model_id = ${model}`;
    assert.deepEqual(await pointers(start({ model: { depth: 14 } })), ['/model/depth']);
    assert.deepEqual(await pointers(start({}, { model: 'model_0' })), ['/init_from/model']);
    assert.deepEqual(await pointers(start(), strata.service.forTenant('theirs')), ['/init_from/model']);
    assert.deepEqual(await pointers(start({}, { weights: 'weights_0' })), ['/init_from']);
    const freeze = { blocks: 1, norm: 'frozen' } as const;
    assert.deepEqual(await pointers(start({ freeze }, { statistics: 'keep' })), ['/init_from/statistics']);
    assert.deepEqual(await pointers(start({ normalization: 'weights' })), ['/normalization']);
    await db.$executeRaw`UPDATE job SET spec = jsonb_set(spec, '{normalization}',
      '{"mean": [0.1], "standard_deviation": [0.5]}') WHERE id = ${made.job.id}`;
    const dry = await client.jobs.createJob(start({ normalization: 'weights' }), { dryRun: true });
    assert.deepEqual(dry.job.spec.normalization, { mean: [0.1], standard_deviation: [0.5] });
    await db.$executeRaw`UPDATE dataset SET classes = '["a", "b"]', storage = 'pixels',
      image = '{"height": 40, "width": 40, "channels": 1}' WHERE name = 'others'`;
    const other = await client.jobs.createJob(start({ dataset: 'others' }), { dryRun: true });
    assert.equal(other.job.spec.init_from?.head, 'new', 'other classes, and images of another size');
    assert.ok(other.job.plan.warnings.some(({ pointer }) => pointer === '/init_from/head'));

    await strata.orders.hold('prepare');
    const { job } = await client.jobs.createJob(start(), {});
    assert.deepEqual(job.spec.init_from, { model, head: 'keep' });
    const { initial } = await db.job.findUniqueOrThrow({ where: { id: job.id } });
    const [uri] = initial!;
    assert.deepEqual(initial, [uri]);
    await client.models.deleteModel(model);
    await client.jobs.deleteJob(made.job.id);
    await collectGarbage(strata.blobs, futureGarbage(db));
    assert.ok(await strata.blobs.exists(uri!));
    await strata.orders.release('prepare');
    assert.equal((await strata.ended(job.id)).state, 'succeeded');
  });

  test('start a job before their task has ended only if nothing replaces them, and only as a whole network', async () => {
    await strata.orders.clear();
    await strata.orders.hold('end_to_end-0');
    const { job } = await strata.client.jobs.createJob(smallJob({ method: { end_to_end_replicas: 1 } }), {});
    await strata.orders.started('end_to_end-0');
    await strata.client.jobs.cancelJob(job.id, { force: false });
    assert.equal((await strata.ended(job.id)).state, 'cancelled');
    const [step, ...others] = await checkpoints(job.id);
    assert.deepEqual(
      [step!.id, step!.kind, step!.step, others],
      [`${job.id}-step-end_to_end-0`, 'step', 2, []],
    );
    assert.ok(step!.starts_jobs);
    assert.match(step!.parts[0]!.links.content!, /^\/artifacts\/artifact_\w+\/content$/);
    const next = await from(step!.id);
    await strata.orders.clear();
    assert.equal((await strata.ended(next.job.id)).state, 'succeeded');
  });
});
