import assert from 'node:assert/strict';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { DEFAULT_TENANT } from '../../src/contract/access.js';
import type { BlobUri } from '../../src/contract/trainer-protocol.js';
import { createJobsService } from '../../src/jobs/client/service.js';
import { deleteGarbage } from '../../src/jobs/dispatcher/housekeeping.js';
import { openDatabase } from '../../src/jobs/store/connection/database.js';
import { heartbeatAge } from '../../src/jobs/store/heartbeat.js';
import { deleteOldArtifacts } from '../../src/jobs/store/old-artifacts.js';
import { assertEffectsOnce, attemptsOf, repeatedTasks } from '../support/effects.js';
import { eventually, processExists } from '../support/eventually.js';
import { itemsOf } from '../support/pages.js';
import { blobUrlOf, FAKE_TRAINER, Strata } from '../support/strata.js';
import { smallJob } from './support/specs.js';

let strata: Strata;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
});
after(() => strata.stop());
beforeEach(() => strata.orders.clear());

const create = async (): Promise<string> => (await strata.client.jobs.createJob(smallJob(), {})).job.id;

test('a job goes through its states to succeeded, with its result, tasks, metrics and artifact', async () => {
  const id = await create();
  const ended = await strata.ended(id);
  assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
  assert.equal(ended.progress, 1);
  assert.equal(ended.queue, null);
  assert.equal(ended.result?.test_accuracy, 0.5);
  assert.ok((ended.result.speedup?.measured ?? 0) > 0);
  assert.equal(ended.result.speedup?.predicted, null, 'its trainer times no parts');
  await assertEffectsOnce(strata, id);
  const [listed] = (await strata.client.jobs.listJobs({ limit: 1 })).data;
  const { data: losses } = await strata.client.jobs.listJobMetrics(id, { names: ['loss'], points: 9 });
  const ends = losses
    .flatMap(({ points }) => points.slice(-1))
    .toSorted((a, b) => Number(b[0]) - Number(a[0]));
  assert.equal(listed?.latest?.loss, ends[0]?.[1]);
  assert.equal(listed?.spark?.at(-1), ends[0]?.[1]);
  assert.equal('spark' in ended, false);
  const events = (await strata.client.jobs.listJobEvents(id, { after: 0, limit: 1000 })).data;
  assert.deepEqual(
    events.map((event) => event.type).filter((type) => type.startsWith('job.')),
    ['job.queued', 'job.preparing', 'job.running', 'job.finalizing', 'job.succeeded'],
  );
  const artifacts = (await strata.client.jobs.listJobArtifacts(id)).data;
  const report = artifacts.find(({ kind }) => kind === 'report');
  const opened = await strata.client.jobs.downloadArtifact(report?.id ?? '');
  assert.equal(opened.artifact.name, 'report.json');
});

test('tasks name the tasks they wait for, their worker and their duration', async () => {
  const id = await create();
  await strata.ended(id);
  const tasks = new Map((await strata.client.jobs.listJobTasks(id)).data.map((task) => [task.key, task]));
  assert.equal(tasks.size, 13);
  const task = tasks.get('stage-0-1');
  assert.deepEqual(task?.waits_for, ['prepare', 'stage-0-0', 'stage-1-1']);
  assert.deepEqual(task?.seconds, { total: 0.001 });
  const replica = tasks.get('end_to_end-0-1');
  assert.deepEqual([replica?.kind, replica?.round, replica?.replica], ['end_to_end', 0, 1]);
  assert.deepEqual(tasks.get('finalize')?.waits_for.slice(-2), ['end_to_end-0-0', 'end_to_end-0-1']);
  assert.match(task?.device ?? '', /^(cpu|gpu):\d$/);
  const [worker] = (await strata.service.listWorkers(DEFAULT_TENANT)).data;
  assert.equal(task?.worker_id, worker?.id);
  assert.equal(worker?.slots.length, 2);
});

test('the spool of a job is empty when the job has ended, and messages that all readers have read are deleted earlier', async () => {
  await strata.orders.hold('finalize');
  const id = await create();
  await strata.orders.started('finalize');
  const folder = join(strata.servers.home, 'blobs', 'spool', id);
  await eventually('spools of all rounds deleted', async () => (await readdir(folder)).length === 0);
  await strata.orders.release('finalize');
  await strata.ended(id);
  await eventually('the spool folder deleted', () =>
    readdir(folder).then(
      () => false,
      () => true,
    ),
  );
});

test('a running job answers its progress, and where it will end', async () => {
  await strata.orders.hold('stage-0-2');
  const id = await create();
  await strata.orders.started('stage-0-2');
  const job = await eventually('progress', async () => {
    const running = await strata.client.jobs.getJob(id);
    return running && running.progress > 0.02 && running;
  });
  assert.equal(job.state, 'running');
  assert.ok(job.progress < 1);
  assert.ok(job.estimated_finish && job.started_at && job.estimated_finish > job.started_at);
  await strata.orders.release('stage-0-2');
  assert.equal((await strata.ended(id)).state, 'succeeded');
});

test('cancel with force: the trainer is gone before the job is cancelled', async () => {
  await strata.orders.hold('stage-1-1');
  const id = await create();
  const pid = await strata.orders.started('stage-1-1');
  const answered = await strata.client.jobs.cancelJob(id, { force: true });
  assert.ok(answered.cancel_requested_at);
  for await (const event of strata.client.jobs.followJobEvents(id, 0, new AbortController().signal)) {
    if (event.type === 'job.cancelled') assert.equal(await processExists(pid), false);
  }
  const job = await strata.client.jobs.getJob(id);
  assert.equal(job?.state, 'cancelled');
  const states = new Set((await strata.client.jobs.listJobTasks(id)).data.map((task) => task.state));
  assert.deepEqual([...states].sort(), ['cancelled', 'succeeded']);
  assert.equal((await strata.client.jobs.cancelJob(id, { force: false })).state, 'cancelled');
});

test('cancel without force: running tasks leave a checkpoint and end, none follows', async () => {
  await strata.orders.hold('stage-1-1');
  const id = await create();
  const pid = await strata.orders.started('stage-1-1');
  const answered = await strata.client.jobs.cancelJob(id, { force: false });
  assert.notEqual(answered.state, 'cancelled');
  assert.match(answered.state_reason ?? '', /last checkpoint/);
  assert.equal((await strata.ended(id)).state, 'cancelled');
  const tasks = new Map(
    (await strata.client.jobs.listJobTasks(id)).data.map((task) => [task.key, task.state]),
  );
  assert.equal(tasks.get('stage-1-1'), 'cancelled');
  assert.equal(tasks.get('stage-1-2'), 'cancelled');
  const artifacts = (await strata.client.jobs.listJobArtifacts(id)).data;
  assert.ok(artifacts.some(({ name }) => name === 'checkpoints/stage-1-1.safetensors'));
  const opened = await strata.client.jobs.downloadArtifact(artifacts[0]?.id ?? '');
  assert.ok('path' in opened);
  assert.match(await readFile(opened.path, 'utf8'), /a1\/checkpoint/);
  assert.equal(await processExists(pid), true, 'the trainer stays warm');
});

test('pause: running tasks make a checkpoint, nothing is claimed until the job is resumed', async () => {
  await strata.orders.hold('stage-1-1');
  const id = await create();
  const pid = await strata.orders.started('stage-1-1');
  const asked = await strata.client.jobs.pauseJob(id);
  assert.ok(asked.pause_requested_at);
  await strata.event(id, 'job.paused');
  const paused = await strata.client.jobs.getJob(id);
  assert.equal(paused?.state, 'paused');
  assert.ok((paused?.progress ?? 0) > 0);
  assert.equal((await strata.client.jobs.pauseJob(id)).pause_requested_at, asked.pause_requested_at);
  await strata.orders.release('stage-1-1');
  assert.equal(await processExists(pid), true, 'the trainer stays warm');
  // Another job is through before the paused one moves.
  assert.equal((await strata.ended(await create())).state, 'succeeded');
  assert.equal((await strata.client.jobs.getJob(id))?.state, 'paused');
  const resumed = await strata.client.jobs.resumeJob(id);
  assert.equal(resumed.pause_requested_at, null);
  assert.equal((await strata.ended(id)).state, 'succeeded');
  assert.match(await strata.orders.from('stage-1-1', 2), /^sha256:/);
  await assertEffectsOnce(strata, id);
  await assert.rejects(strata.client.jobs.pauseJob(id), { code: 'job_finished' });
});

test('a job that is paused before it starts, and one that is paused and cancelled', async () => {
  await strata.orders.hold('prepare');
  const busy = [await create(), await create()];
  const [one, two] = [await create(), await create()];
  assert.equal((await strata.client.jobs.pauseJob(one)).state, 'paused');
  await strata.client.jobs.pauseJob(two);
  await strata.orders.release('prepare');
  await Promise.all(busy.map((id) => strata.ended(id)));
  assert.equal((await strata.client.jobs.getJob(one))?.started_at, null);
  assert.equal((await strata.client.jobs.resumeJob(one)).state, 'queued');
  assert.equal((await strata.client.jobs.cancelJob(two, { force: false })).state, 'cancelled');
  await assert.rejects(strata.client.jobs.resumeJob(two), { code: 'job_finished' });
  assert.equal((await strata.ended(one)).state, 'succeeded');
});

test('a fatal error fails the job with its code, stage and step, and stops the other tasks', async () => {
  await strata.orders.hold('stage-1-2');
  await strata.orders.hold('stage-0-1');
  const id = await create();
  const pid = await strata.orders.started('stage-1-2');
  await strata.orders.started('stage-0-1');
  await strata.orders.fail('stage-0-2', 'non_finite_loss');
  await strata.orders.release('stage-0-1');
  // stage-0-2 needs stage-1-2: let it end, but hold the one after it.
  await strata.orders.hold('stage-1-3');
  await strata.orders.release('stage-1-2');
  const job = await strata.ended(id);
  assert.equal(job.state, 'failed');
  const message = 'told to fail with non_finite_loss';
  assert.deepEqual(job.error, { code: 'non_finite_loss', message, stage: 0, step: 5, tensor: 'loss' });
  const tasks = (await strata.client.jobs.listJobTasks(id)).data;
  assert.deepEqual(
    tasks.filter((task) => task.state === 'failed').map((task) => task.key),
    ['stage-0-2'],
  );
  assert.equal(tasks.find((task) => task.key === 'stage-1-3')?.state, 'cancelled');
  assert.ok(pid);
  assert.deepEqual(await checkpointsOf(id), [
    'stage-0-0',
    'stage-0-1',
    'stage-1-0',
    'stage-1-1',
    'stage-1-2',
  ]);
});

/** The stage tasks whose recorded state still lies in the store, whole. */
async function checkpointsOf(id: string): Promise<string[]> {
  const { rows } = await strata.sql.query<{ key: string; uri: BlobUri; size: number }>(
    `SELECT key, outputs->'state'->>'uri' AS uri, (outputs->'state'->>'size_bytes')::int AS size FROM task
     WHERE job_id = $1 AND kind = 'stage' AND outputs IS NOT NULL ORDER BY key`,
    [id],
  );
  const kept = await Promise.all(
    rows.map(async ({ uri, size }) => (await strata.blobs.get(uri)).length === size),
  );
  return rows.filter((_, index) => kept[index]).map(({ key }) => key);
}

test('a warning of a successful task becomes one event, even if the task ran twice', async () => {
  await strata.orders.warn('evaluate-3', 'mind the gap');
  await strata.orders.hold('evaluate-3');
  const id = await create();
  process.kill(await strata.orders.started('evaluate-3'), 'SIGKILL');
  await strata.orders.release('evaluate-3');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  const events = (await strata.client.jobs.listJobEvents(id, { after: 0, limit: 1000 })).data;
  const warned = events.filter(({ type }) => type === 'task.warned');
  assert.equal(warned.length, 1);
  const [{ level, message, data }] = warned as [(typeof warned)[number]];
  assert.equal(level, 'warning');
  assert.equal(message, 'evaluate, round 3 (attempt 2): mind the gap');
  assert.deepEqual(data, {
    task: 'evaluate-3',
    kind: 'evaluate',
    stage: 1,
    round: 3,
    replica: null,
    attempt: 2,
    code: 'low_fidelity',
    step: 7,
    value: 0.05,
  });
});

test('a task is tried again after a transient error', async () => {
  await strata.orders.fail('stage-1-0', 'internal');
  const id = await create();
  const job = await strata.ended(id);
  assert.equal(job.state, 'succeeded');
  assert.equal((await attemptsOf(strata, id))['stage-1-0'], 2);
  assert.deepEqual(await repeatedTasks(strata, id), ['stage-1-0']);
  const retried = await strata.event(id, 'task.retried');
  assert.equal((retried.data.error as { code: string }).code, 'internal');
  await assertEffectsOnce(strata, id);
});

/** Makes every blob as old as garbage is. */
async function ageBlobs(): Promise<void> {
  for (const uri of await itemsOf(strata.blobs.blobsUntouchedSince(new Date(Date.now() + 60_000)))) {
    await utimes(await strata.blobs.localPath(uri), new Date(0), new Date(0));
  }
}

async function modelOf(jobId: string): Promise<string> {
  return (await strata.client.jobs.getJob(jobId))?.result?.model_id ?? assert.fail('it made a model');
}

test('garbage: blobs that an ended job does not show are deleted, blobs that any job needs stay; a deleted job leaves nothing', async () => {
  const db = await openDatabase(strata.servers.databaseUrl);
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  try {
    const done = await create();
    assert.equal((await strata.ended(done)).state, 'succeeded');
    await strata.orders.hold('stage-1-1');
    const running = await create();
    await strata.orders.started('stage-1-1');
    await assert.rejects(strata.client.jobs.deleteJob(running), { code: 'job_unfinished' });
    const { rows } = await strata.sql.query<{ outputs: Record<string, { uri: BlobUri }> }>(
      `SELECT outputs FROM task WHERE job_id = $1 AND key = 'stage-1-1'`,
      [done],
    );
    const state = rows[0]?.outputs.state?.uri ?? assert.fail('it has a state');
    await ageBlobs();
    await deleteGarbage(db, strata.blobs, log);
    assert.equal(await strata.blobs.exists(state), false);
    const files = (await strata.client.jobs.listJobArtifacts(done)).data;
    const paths = await Promise.all(
      files.map(async ({ id }) => {
        const place = await strata.client.jobs.downloadArtifact(id);
        return 'path' in place ? place.path : assert.fail(place.url);
      }),
    );
    await strata.orders.release('stage-1-1');
    assert.equal((await strata.ended(running)).state, 'succeeded');

    const model = await modelOf(done);
    await assert.rejects(strata.client.jobs.deleteJob(done), { code: 'job_has_model' });
    await strata.client.models.deleteModel(model);
    assert.deepEqual(
      (await strata.client.jobs.listJobArtifacts(done)).data.map(({ name }) => name),
      ['report.json'],
      'a model takes its files along, and leaves the job its report',
    );
    await strata.client.jobs.deleteJob(done);
    assert.equal(await strata.client.jobs.getJob(done), null);
    await assert.rejects(strata.client.jobs.listJobEvents(done, { after: 0, limit: 1 }), {
      code: 'not_found',
    });
    await ageBlobs();
    await deleteGarbage(db, strata.blobs, log);
    for (const path of paths) await assert.rejects(readFile(path), { code: 'ENOENT' });
    await strata.sql.query(`UPDATE job SET finished_at = now() - interval '31 days' WHERE id = $1`, [
      running,
    ]);
    const { id, tags } = await strata.client.models.tagModel(await modelOf(running), 'candidate');
    assert.deepEqual(tags, ['candidate']);
    await deleteOldArtifacts(db, 30);
    assert.equal(
      (await strata.client.jobs.listJobArtifacts(running)).data.length,
      2,
      'a tagged model is kept',
    );
    await strata.client.models.untagModel(id, 'candidate');
    await deleteOldArtifacts(db, 30);
    assert.deepEqual((await strata.client.jobs.listJobArtifacts(running)).data, []);
    assert.deepEqual((await strata.client.models.getModel(id))?.variants[0]?.formats, []);
    assert.equal((await strata.client.jobs.getJob(running))?.result?.test_accuracy, 0.5);
  } finally {
    await db.$disconnect();
  }
});

test('a process with another blob store is refused at its start, and told which folder or bucket to use', async () => {
  const others = `${blobUrlOf(strata.servers)}-of-another-host`;
  await assert.rejects(createJobsService({ ...strata.servers, blobUrl: others }), {
    code: 'blob_store_mismatch',
    message: /Set BLOB_URL to the same folder or bucket/,
  });
  await assert.rejects(strata.startWorker({ BLOB_URL: others }), /ended with code 1 before it was ready/);
  const same = await createJobsService({ ...strata.servers, blobUrl: blobUrlOf(strata.servers) });
  await same.close();
});

test('the health check of dispatcher and worker knows the age of their heartbeat, and of a silent Postgres nothing', async () => {
  const { databaseUrl } = strata.servers;
  for (const kind of ['dispatcher', 'worker'] as const) {
    const age = await eventually(`a heartbeat of the ${kind}`, () =>
      heartbeatAge(databaseUrl, kind, hostname()),
    );
    assert.ok(typeof age === 'number' && age < 60, `${kind}: ${age}`);
    assert.equal(await heartbeatAge(databaseUrl, kind, 'another-host'), null);
  }
  assert.equal(await heartbeatAge('postgresql://u:p@127.0.0.1:9/none', 'worker', hostname()), 'unknown');
});
