import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Evaluation } from '../../../src/contract/client/evaluations.js';
import { brightness } from '../../predictor/linear-model.js';
import { eventually } from '../../support/eventually.js';
import type { ServiceProcess } from '../../support/process.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { GRAY_IMAGE, grayOf, insertGrayFiles } from '../support/gray-images.js';
import { smallJob } from '../support/specs.js';

/** Two parts, beside the assembly of the network and the figures. */
const IMAGES = 1_500;
const DARK = Array.from({ length: IMAGES }, (_, image) => grayOf(image)).filter((gray) => gray < 128).length;

let strata: Strata;
let worker: ServiceProcess;
/** All images of it are called dark, and so are those that the job trains on. */
let dataset: string;
let jobId: string;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  dataset = await insertGrayFiles(strata, IMAGES, undefined, 'default', ['dark', 'bright']);
  await strata.orders.hold('finalize');
  await strata.startDispatcher();
  worker = await startWorker();
  const { job } = await strata.client.jobs.createJob(smallJob({ dataset }), {});
  jobId = job.id;
  await strata.orders.started('finalize');
});
after(() => strata.stop());

// Its jobs store their final weights.
const startWorker = () => strata.startWorker({ FAKE_TRAINER_WEIGHTS: '1' });
const ask = (changes: object, client = strata.client) =>
  client.evaluations.createEvaluation({
    ...{ dataset, variant: 'full', split: 'test', tta: 'none', cascade: false, slices: [] },
    ...changes,
  });
const isRefused = (code: string) => (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
/** Parts have the lowest priority: on a busy machine they wait for all others. */
const PATIENCE_MS = 300_000;
const ended = ({ id }: Evaluation) =>
  eventually(
    'the evaluation has ended',
    async () => {
      const evaluation = await strata.client.evaluations.getEvaluation(id);
      return evaluation?.finished_at ? evaluation : false;
    },
    PATIENCE_MS,
  );
/** Parts of the evaluation, finished ones included. */
const partsOf = async ({ id }: Evaluation): Promise<number> => {
  const { rows } = await strata.sql.query('SELECT parts FROM evaluation WHERE id = $1', [id]);
  return rows[0].parts;
};

test('a checkpoint that cannot be evaluated is refused, with the reason', async () => {
  const points = await strata.client.jobs.listJobCheckpoints(jobId);
  assert.ok(points.data.every(({ starts_jobs }) => starts_jobs));
  const checkpoint = `${jobId}-end_to_end-0`;
  await assert.rejects(ask({ checkpoint: `${jobId}-round-99` }), isRefused('not_found'));
  await assert.rejects(ask({ checkpoint: 'job_none-final' }), isRefused('not_found'));
  await assert.rejects(ask({ checkpoint: `${jobId}-final` }), isRefused('not_found'), 'it has not ended');
  await assert.rejects(ask({}), isRefused('invalid_request'));
  await assert.rejects(ask({ checkpoint, model: 'model_none' }), isRefused('invalid_request'));
  const other = strata.service.forTenant('other');
  const theirs = await insertGrayFiles(strata, 3, undefined, 'other', ['dark', 'bright']);
  await assert.rejects(ask({ checkpoint, dataset: theirs }, other), isRefused('not_found'));
  await assert.rejects(ask({ checkpoint, variant: 'compact' }), isRefused('checkpoint_unusable'));
  await assert.rejects(ask({ checkpoint, cascade: true }), isRefused('checkpoint_unusable'));
  const gray = await insertGrayFiles(strata, 3, undefined, 'default', ['dark', 'bright', 'grey']);
  await assert.rejects(ask({ checkpoint, dataset: gray }), isRefused('classes_unknown'));
  const { rows } = await strata.sql.query(
    `UPDATE task SET state = 'running' WHERE job_id = $1 AND key = 'end_to_end-0-1' RETURNING id`,
    [jobId],
  );
  assert.equal(rows.length, 1);
  await assert.rejects(ask({ checkpoint }), isRefused('checkpoint_unusable'), 'one of two replicas');
  await strata.sql.query(`UPDATE task SET state = 'succeeded' WHERE id = $1`, [rows[0].id]);
  const swap = (sha256: string) =>
    strata.sql.query('UPDATE dataset SET sha256 = $1 WHERE id = $2', [sha256, dataset]);
  const { rows: own } = await strata.sql.query('SELECT sha256 FROM dataset WHERE id = $1', [dataset]);
  const elsewhere = await insertGrayFiles(strata, 3, undefined, 'default', ['dark', 'bright']);
  await swap('1'.repeat(64));
  await assert.rejects(ask({ checkpoint, dataset: elsewhere }), isRefused('checkpoint_unusable'));
  await swap(own[0].sha256);
});

test('the network of a checkpoint is assembled once, whatever is killed, and its parts follow', async () => {
  const checkpoint = `${jobId}-end_to_end-0`;
  await strata.orders.hold('assemble');
  const evaluation = await ask({ checkpoint });
  assert.deepEqual(
    [evaluation.model_id, evaluation.checkpoint?.id, evaluation.checkpoint?.kind, evaluation.links.job],
    [null, checkpoint, 'round', `/jobs/${jobId}`],
  );
  assert.equal((await ask({ checkpoint })).id, evaluation.id, 'the same question is the same evaluation');
  assert.equal(await partsOf(evaluation), 4);
  await strata.orders.started('assemble', 1);
  await worker.kill();
  worker = await startWorker();
  await strata.orders.started('assemble', 2);
  await strata.orders.release('assemble');
  const { state, figures, error } = await ended(evaluation);
  assert.deepEqual([state, error], ['succeeded', null]);
  assert.deepEqual([figures?.images, figures?.correct], [IMAGES, DARK]);
  const train = await ask({ checkpoint, split: 'train' });
  assert.equal(await partsOf(train), 3, 'it uses the network that is there');
  assert.deepEqual((await ended(train)).figures, figures);
  const { data } = await strata.client.evaluations.listEvaluations({ limit: 5, job: jobId });
  assert.deepEqual(
    data.map(({ id }) => id),
    [train.id, evaluation.id],
  );
});

test('an evaluation outlives its checkpoint, and is compared with that of the model', async () => {
  await strata.orders.release('finalize');
  const job = await eventually('the job has ended', async () => {
    const found = await strata.client.jobs.getJob(jobId);
    return found?.state === 'succeeded' && found;
  });
  const checkpoint = `${jobId}-final`;
  await assert.rejects(ask({ checkpoint: `${jobId}-end_to_end-0`, tta: 'flip' }), isRefused('not_found'));
  await strata.orders.fail('assemble', 'export_mismatch');
  const failed = await ended(await ask({ checkpoint }));
  assert.deepEqual([failed.state, failed.error?.code], ['failed', 'export_mismatch']);
  const mine = await ended(await ask({ checkpoint }));
  assert.equal(mine.state, 'succeeded');
  const model = String(job.result?.model_id);
  const { uri } = await strata.blobs.put(brightness(GRAY_IMAGE));
  await strata.sql.query('UPDATE model SET serving = $1 WHERE id = $2', [{ full: uri }, model]);
  const theirs = await ended(await ask({ model }));
  assert.deepEqual(mine.figures, theirs.figures);
  const comparison = await strata.client.evaluations.compareEvaluations(mine.id, theirs.id);
  assert.deepEqual(
    [comparison.a.checkpoint_id, comparison.b.checkpoint_id, comparison.b.model_id],
    [checkpoint, null, model],
  );
  assert.deepEqual([comparison.both_right, comparison.only_a, comparison.only_b], [DARK, 0, 0]);
  await strata.client.models.deleteModel(model);
  assert.ok(await strata.client.evaluations.getEvaluation(mine.id), 'it is that of the job');
  await strata.client.jobs.deleteJob(jobId);
  assert.equal(await strata.client.evaluations.getEvaluation(mine.id), null);
});
