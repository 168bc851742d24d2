import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import type { JobsService } from '../../../../src/contract/client/service.js';
import type { TenantClient } from '../../../../src/contract/client/tenant.js';
import type { components } from '../../../../src/contract/generated/openapi.js';
import { type Exporter, openExports } from '../../../../src/jobs/dispatcher/deliveries/trackers.js';
import { secretBox } from '../../../../src/jobs/outgoing/secret-box.js';
import { lazySecretBox } from '../../../../src/jobs/outgoing/secret-key.js';
import type { Database } from '../../../../src/jobs/store/connection/database.js';
import type { Strata } from '../../../support/strata.js';
import { makeDue, sendAll, senderParts, unrenewedLeases, useOutbox } from '../../support/outbox.js';
import { smallJob } from '../../support/specs.js';
import { FakeMlflow } from './fake-mlflow.js';
import { startMlflow } from './mlflow-server.js';

let strata: Strata;
let db: Database;
let service: JobsService;
let client: TenantClient;
let mlflow: FakeMlflow;
useOutbox((store) => ({ strata, db, service, client } = store));
beforeEach(async () => {
  mlflow = await FakeMlflow.start();
});
afterEach(() => mlflow.stop());

function send(changes: Partial<Exporter> = {}): Promise<void> {
  return sendAll(openExports({ ...senderParts({ strata, db }), ...changes }));
}
const trackerAt = (tracking_uri: string, more: Partial<components['schemas']['Tracker']> = {}) => ({
  type: 'mlflow' as const,
  tracking_uri,
  experiment: 'nets',
  ...more,
});
const createJob = async (trackers: components['schemas']['Tracker'][]) =>
  (
    await client.jobs.createJob(
      smallJob({ name: 'mine', metadata: { team: 'a', 'mlflow.x': 'b' }, trackers }),
      {},
    )
  ).job;
const exportsOf = async (jobId: string) => (await client.jobs.listJobTrackers(jobId)).data;

/** A loss per step of stage 1, up to this number of steps; those that are there stay. */
async function measure(jobId: string, steps: number): Promise<void> {
  await strata.sql.query(
    `INSERT INTO metric_point (job_id, name, stage, step, attempt, value, at)
     SELECT $1, 'loss', 1, step, 1, 1.0 / (step + 1), '2026-01-01Z'::timestamptz + step * interval '1 second'
     FROM generate_series(0, $2 - 1) AS step ON CONFLICT DO NOTHING`,
    [jobId, steps],
  );
}

async function start(jobId: string): Promise<void> {
  await strata.sql.query(`UPDATE job SET state = 'running', started_at = now() WHERE id = $1`, [jobId]);
}

/** Finishes a job as a worker would, with a loss per step of stage 1. */
async function finish(jobId: string, state: string, steps: number): Promise<void> {
  await measure(jobId, steps);
  await strata.sql.query(`UPDATE job SET state = $2, finished_at = now() WHERE id = $1`, [jobId, state]);
}

test('a job is handed over when it has ended, whole: parameters, tags, every metric, status', async () => {
  const { id } = await createJob([trackerAt(`${mlflow.url}/`)]);
  await send();
  assert.equal((await exportsOf(id))[0]?.state, 'waiting');
  assert.equal(mlflow.calls.length, 0);
  await finish(id, 'succeeded', 1500);
  await send();
  const [done] = await exportsOf(id);
  assert.deepEqual([done?.state, done?.run_id, done?.error], ['succeeded', 'run0', null]);
  assert.equal(done?.run_url, `${mlflow.url}/#/experiments/7/runs/run0`);
  const batches = mlflow.of('/runs/log-batch').map(({ body }) => body);
  const pairs = (list: readonly { key: string; value: string }[]) =>
    Object.fromEntries(list.map(({ key, value }) => [key, value]));
  const params = pairs(batches.flatMap((batch) => batch.params ?? []));
  assert.deepEqual(
    [params['model.family'], params['method.stages'], params.batch_size],
    ['resnet', '2', '32'],
  );
  const tags = pairs(batches[0]!.tags ?? []);
  assert.deepEqual([tags.team, tags['strata.state'], tags['mlflow.x']], ['a', 'succeeded', undefined]);
  const metrics = batches.flatMap((batch) => batch.metrics ?? []);
  assert.equal(metrics.length, 1500);
  const at = Date.parse('2026-01-01T00:00:02Z');
  assert.deepEqual(metrics[2], { key: 'loss/stage_1', value: 1 / 3, timestamp: at, step: 2 });
  assert.equal(mlflow.of('/runs/update')[0]?.body.status, 'FINISHED');
  assert.equal(mlflow.of('/runs/create')[0]?.body.run_name, 'mine');
});

/** Steps of the points that each request has sent. */
const sentSteps = (): number[][] =>
  mlflow
    .of('/runs/log-batch')
    .map(({ body }) => (body.metrics ?? []).map((metric) => metric.step))
    .filter((steps) => steps.length > 0);

test('a running job is there with what it has measured, follows in parts, and is sent whole at its end', async () => {
  const { id } = await createJob([trackerAt(mlflow.url)]);
  await start(id);
  await measure(id, 3);
  await send();
  const [live] = await exportsOf(id);
  assert.deepEqual([live?.state, live?.run_id, live?.attempts], ['live', 'run0', 0]);
  assert.equal(mlflow.of('/runs/update').length, 0, 'the run is shown as running');
  await send();
  assert.deepEqual(sentSteps(), [[0, 1, 2]], 'the next part waits for its pause');
  const before = mlflow.calls.length;
  await makeDue(strata, 'tracker_export');
  await send();
  assert.equal(mlflow.calls.length, before, 'nothing is new');
  await measure(id, 5);
  await makeDue(strata, 'tracker_export');
  await send();
  assert.deepEqual(sentSteps(), [
    [0, 1, 2],
    [3, 4],
  ]);
  assert.equal(mlflow.calls.length, before + 1, 'a part needs no search for its run');
  await finish(id, 'succeeded', 6);
  await makeDue(strata, 'tracker_export');
  await send();
  const [done] = await exportsOf(id);
  assert.deepEqual([done?.state, done?.run_id], ['succeeded', 'run0']);
  assert.deepEqual(sentSteps().at(-1), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([mlflow.runs.size, mlflow.of('/runs/update')[0]?.body.status], [1, 'FINISHED']);
});

test('a running job with many points catches up at once', async () => {
  const { id } = await createJob([trackerAt(mlflow.url)]);
  await start(id);
  await measure(id, 2_300);
  await send();
  assert.deepEqual(
    sentSteps().map((steps) => [steps[0], steps.length]),
    [
      [0, 1_000],
      [1_000, 1_000],
      [2_000, 300],
    ],
  );
});

test('a part that fails is no attempt at the export, and what follows finds the same run', async () => {
  const { id } = await createJob([trackerAt(mlflow.url)]);
  await start(id);
  await measure(id, 2);
  for (let failures = 0; failures < 12; failures++) {
    mlflow.failing.push('/runs/log-batch');
    await send();
    await makeDue(strata, 'tracker_export');
  }
  const [failing] = await exportsOf(id);
  assert.deepEqual([failing?.state, failing?.attempts], ['waiting', 0]);
  assert.equal(failing?.error, 'answered 500 to /runs/log-batch: INTERNAL_ERROR');
  await send();
  const [live] = await exportsOf(id);
  assert.deepEqual([live?.state, live?.error, mlflow.runs.size], ['live', null, 1]);
  // Somebody deletes the run: the next part makes another.
  mlflow.runs.clear();
  mlflow.failing.push('/runs/log-batch');
  for (const steps of [3, 4]) {
    await measure(id, steps);
    await makeDue(strata, 'tracker_export');
    await send();
  }
  assert.equal(mlflow.runs.size, 1);
  assert.deepEqual(sentSteps().at(-1), [2, 3]);
});

test('an interrupted export continues in the same run', async () => {
  const { id } = await createJob([trackerAt(mlflow.url)]);
  await finish(id, 'failed', 3);
  mlflow.failing.push('/runs/update');
  await send();
  const [pending] = await exportsOf(id);
  assert.deepEqual([pending?.state, pending?.attempts], ['pending', 1]);
  assert.match(pending?.error ?? '', /^answered 500 to \/runs\/update: INTERNAL_ERROR$/);
  await send();
  assert.equal(mlflow.of('/runs/update').length, 1, 'the pause is kept');
  await makeDue(strata, 'tracker_export');
  await send();
  assert.equal((await exportsOf(id))[0]?.state, 'succeeded');
  assert.equal(mlflow.of('/runs/create').length, 1);
  assert.equal(mlflow.of('/runs/update')[1]?.body.status, 'FAILED');
});

test('one of two runs from a frozen sender is kept, and a sender that has lost its claim stops', async () => {
  const { id } = await createJob([trackerAt(mlflow.url)]);
  await finish(id, 'cancelled', 0);
  mlflow.runs.set('b', id).set('a', id);
  await send();
  assert.deepEqual([...mlflow.runs.keys()], ['a']);
  await client.jobs.handOverJob(id, trackerAt(mlflow.url, { authorization: 'Bearer x' }));
  const before = mlflow.calls.length;
  let lose = (): void => undefined;
  await send({
    leases: { ...unrenewedLeases, hold: ({ onLost }) => (lose = onLost) },
    openBox: async () => {
      lose();
      await strata.sql.query(
        `UPDATE tracker_export SET attempt = attempt + 1, attempts = attempts + 1, lease_until = now() + interval '30 s' WHERE state = 'pending'`,
      );
      return lazySecretBox({ home: strata.servers.home })();
    },
  });
  assert.equal(mlflow.calls.length, before);
  assert.equal((await exportsOf(id))[0]?.state, 'pending');
  await makeDue(strata, 'tracker_export');
  await send();
  assert.equal((await exportsOf(id))[0]?.state, 'succeeded');
});

test('the authorization is sent with every request, and to nobody else', async () => {
  const secret = 'Bearer c2VjcmV0LXdvcmRz';
  const job = await createJob([trackerAt(mlflow.url, { authorization: secret })]);
  assert.deepEqual(job.requested?.trackers, [trackerAt(mlflow.url)]);
  await finish(job.id, 'succeeded', 1);
  await send();
  assert.deepEqual(new Set(mlflow.calls.map(({ authorization }) => authorization)), new Set([secret]));
  assert.deepEqual(job.spec.trackers, [trackerAt(mlflow.url)]);
  const answers = [
    await client.jobs.getJob(job.id),
    await exportsOf(job.id),
    mlflow.calls.map(({ body }) => body),
  ];
  assert.ok(!JSON.stringify(answers).includes('c2VjcmV0LXdvcmRz'));
  const { rows } = await strata.sql.query(
    'SELECT job.*, tracker_export.* FROM job JOIN tracker_export ON job_id = job.id',
  );
  assert.ok(!JSON.stringify(rows).includes('c2VjcmV0LXdvcmRz'));
});

test('an export whose secret cannot be decrypted says so, and is given up like any other', async () => {
  const job = await createJob([trackerAt(mlflow.url, { authorization: 'Bearer x' })]);
  await finish(job.id, 'succeeded', 1);
  await send({ openBox: async () => secretBox(randomBytes(32)), retryPauseMs: () => null });
  const [given] = await exportsOf(job.id);
  assert.equal(given?.state, 'failed');
  assert.match(given?.error ?? '', /STRATA_SECRET_KEY/);
  assert.equal(mlflow.calls.length, 0);
});

test('an export is given up after its last attempt, and can be asked for again', async () => {
  const { id } = await createJob([]);
  await finish(id, 'succeeded', 1);
  await client.jobs.handOverJob(id, trackerAt(mlflow.url));
  mlflow.failing.push('/experiments/create');
  await send({ retryPauseMs: () => null });
  assert.equal((await exportsOf(id))[0]?.state, 'failed');
  await client.jobs.handOverJob(id, trackerAt(mlflow.url));
  await send();
  assert.deepEqual(
    (await exportsOf(id)).map(({ state, attempts }) => [state, attempts]),
    [['succeeded', 1]],
  );
});

test('a server that does not answer as MLflow does is reported as such', async () => {
  const { id } = await createJob([trackerAt(mlflow.url)]);
  await finish(id, 'succeeded', 1);
  for (const [index, path] of ['/experiments/create', '/runs/search'].entries()) {
    mlflow.strange.push(path);
    await send();
    const [pending] = await exportsOf(id);
    assert.deepEqual([pending?.state, pending?.attempts], ['pending', index + 1]);
    assert.equal(
      pending?.error,
      `gave an answer to ${path} that MLflow does not give; check that this is an MLflow server`,
    );
    await makeDue(strata, 'tracker_export');
  }
});

test('private addresses, a tracker named twice, one tracker too many and other tenants are refused', async () => {
  const refused = async (trackers: components['schemas']['Tracker'][], code: string, pointer: string) => {
    await assert.rejects(createJob(trackers), (error: unknown) => {
      const { code: found, errors } = error as { code: string; errors: { pointer: string }[] };
      assert.deepEqual([found, errors[0]?.pointer], [code, pointer]);
      return true;
    });
  };
  await refused([trackerAt('http://example.com')], 'forbidden_target', '/trackers/0/tracking_uri');
  const place = trackerAt('https://example.com');
  await refused([place, { ...place, authorization: 'Bearer a' }], 'invalid_spec', '/trackers/1');
  const { id } = await createJob([]);
  for (let count = 0; count < 8; count++)
    await client.jobs.handOverJob(id, trackerAt(`https://example.com/${count}`));
  await assert.rejects(client.jobs.handOverJob(id, place), { code: 'limit_reached' });
  const theirs = service.forTenant('theirs');
  await assert.rejects(theirs.jobs.listJobTrackers(id), { code: 'not_found' });
  await assert.rejects(theirs.jobs.handOverJob(id, place), { code: 'not_found' });
});

test('an MLflow server has one run of the job, with what was sent, however often it was sent', async () => {
  const server = await startMlflow();
  try {
    const { id } = await createJob([trackerAt(server.url)]);
    await finish(id, 'succeeded', 1200);
    await send();
    await client.jobs.handOverJob(id, trackerAt(server.url));
    await send();
    const [done] = await exportsOf(id);
    assert.deepEqual([done?.state, done?.error], ['succeeded', null]);
    const { experiment } = await server.get<{ experiment: { experiment_id: string } }>(
      '/experiments/get-by-name?experiment_name=nets',
    );
    const { runs } = await server.post<{ runs: MlflowRun[] }>('/runs/search', {
      experiment_ids: [experiment.experiment_id],
    });
    const [run] = runs;
    assert.ok(run && runs.length === 1, `${runs.length} runs`);
    const { info, data } = run;
    assert.deepEqual([info.run_id, info.status, info.run_name], [done?.run_id, 'FINISHED', 'mine']);
    assert.equal(data.params.find(({ key }) => key === 'model.family')?.value, 'resnet');
    assert.equal(data.tags.find(({ key }) => key === 'team')?.value, 'a');
    const history = await server.get<{ metrics: MlflowPoint[] }>(
      `/metrics/get-history?run_id=${info.run_id}&metric_key=loss/stage_1&max_results=5000`,
    );
    assert.equal(history.metrics.length, 1200);
    const third = history.metrics.find(({ step }) => Number(step) === 2);
    assert.deepEqual([third?.value, Number(third?.timestamp)], [1 / 3, Date.parse('2026-01-01T00:00:02Z')]);
  } finally {
    await server.stop();
  }
});

interface MlflowPair {
  readonly key: string;
  readonly value: string;
}

interface MlflowRun {
  readonly info: { readonly run_id: string; readonly run_name: string; readonly status: string };
  readonly data: { readonly params: readonly MlflowPair[]; readonly tags: readonly MlflowPair[] };
}

/** Whole numbers come as strings. */
interface MlflowPoint {
  readonly value: number;
  readonly step: number | string;
  readonly timestamp: number | string;
}
