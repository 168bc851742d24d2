import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import type { TaskCheckpoint, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { planJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { type Claim, claim } from '../../../src/jobs/lifecycle/claim.js';
import { recordFailure, releaseTask } from '../../../src/jobs/lifecycle/fail.js';
import { recordLog } from '../../../src/jobs/lifecycle/log.js';
import { recordReport } from '../../../src/jobs/lifecycle/report.js';
import { MissingOutputError, recordSuccess } from '../../../src/jobs/lifecycle/succeed.js';
import { describe, taskData } from '../../../src/jobs/lifecycle/task-events.js';
import { MAX_LOSSES, MAX_OUTAGES } from '../../../src/jobs/process/limits.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { newId, setIdClock } from '../../../src/jobs/store/ids.js';
import { type Fence, type Lease, renewLeases } from '../../../src/jobs/store/leases.js';
import { nextInSlot } from '../../../src/jobs/store/queue-order.js';
import { deleteWorker, reportWorker } from '../../../src/jobs/store/workers.js';
import { eventually } from '../../support/eventually.js';
import type { Strata } from '../../support/strata.js';
import { reconcile } from '../support/reconcile.js';
import { type SpecChanges, smallJob } from '../support/specs.js';
import { claimer, log, useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));

const passing = { code: 'trainer_crashed', message: 'gone', stage: null, step: null, tensor: null };
const success: TaskSuccess = {
  outputs: { dataset: { uri: `sha256:${'a'.repeat(64)}`, size_bytes: 1 } },
  seconds: {},
  artifacts: [],
  result: {},
};

/** A checkpoint that holds the task's first steps. */
const at = (step: number): TaskCheckpoint => {
  return { uri: `sha256:${String(step).padStart(64, 'c')}`, size_bytes: 1, step, share: step / 10 };
};

/** A planned job and its one task that is ready. */
async function readyTask(changes: SpecChanges = {}): Promise<{ jobId: string; taskId: string }> {
  const { job } = await strata.client.jobs.createJob(smallJob(changes), {});
  await planJobs(db, log);
  const task = await db.task.findFirstOrThrow({ where: { jobId: job.id, state: 'ready' } });
  return { jobId: job.id, taskId: task.id };
}

async function claimed(taskId: string): Promise<Claim> {
  const result = await claim(db, taskId, claimer);
  assert.ok(result, 'the task is to be had');
  return result;
}

const expire = (taskId: string) =>
  strata.sql.query(`UPDATE task SET lease_until = now() - interval '1 s' WHERE id = $1`, [taskId]);
const due = (taskId: string) =>
  strata.sql.query('UPDATE task SET due_at = now() - make_interval(secs => 1) WHERE id = $1', [taskId]);

/** Everything that the tables hold of a job. */
async function tables(jobId: string): Promise<unknown> {
  const of = (table: string, column = 'job_id') =>
    strata.sql.query(`SELECT * FROM ${table} WHERE ${column} = $1 ORDER BY 1, 2`, [jobId]);
  const results = await Promise.all([
    of('job', 'id'),
    of('task'),
    of('event'),
    of('log_line'),
    of('metric_point'),
    of('metric_level'),
    of('artifact'),
    strata.sql.query(
      'SELECT c.* FROM checkpoint c JOIN task ON task.id = c.task_id WHERE job_id = $1 ORDER BY 1',
      [jobId],
    ),
  ]);
  return results.map((result) => result.rows);
}

test('a task is claimed once by any number of slots that ask at the same time', async () => {
  const { taskId } = await readyTask();
  const claims = await Promise.all(Array.from({ length: 5 }, () => claim(db, taskId, claimer)));
  assert.equal(claims.filter((result) => result !== null).length, 1);
});

test('a task that trains in bfloat16 is left to a device that has it; every device takes all other tasks', async () => {
  const { jobId, taskId } = await readyTask();
  await strata.sql.query(`UPDATE job SET spec = spec || '{"precision": "bfloat16"}' WHERE id = $1`, [jobId]);
  const { task } = await claimed(taskId);
  await recordSuccess(db, task, success, []);
  const stage = await db.task.findFirstOrThrow({ where: { jobId, state: 'ready' } });
  assert.equal(stage.kind, 'stage');
  const become = (kind: string) =>
    db.task.update({ where: { id: stage.id }, data: { kind, state: 'ready' } });
  for (const kind of ['stage', 'end_to_end']) {
    await become(kind);
    assert.equal(await claim(db, stage.id, claimer), null);
    assert.notEqual((await nextInSlot(db, claimer))?.id, stage.id);
    assert.ok(await claim(db, stage.id, { ...claimer, bfloat16: true }));
  }
  for (const kind of ['prepare', 'evaluate', 'finalize']) {
    await become(kind);
    assert.ok(await claim(db, stage.id, claimer));
  }
  await strata.sql.query(`UPDATE job SET spec = spec || '{"precision": "float32"}' WHERE id = $1`, [jobId]);
  await become('stage');
  assert.ok(await claim(db, stage.id, claimer));
});

test('a job in bfloat16 is accepted once a device with it is registered', async () => {
  const ask = () => strata.client.jobs.createJob(smallJob({ precision: 'bfloat16' }), { dryRun: true });
  await assert.rejects(ask(), { code: 'precision_unavailable' });
  const worker = {
    id: 'worker_16',
    host: 'h',
    pid: 1,
    slots: [],
    versions: {},
    streamAddress: null,
    link: null,
  };
  const device = { kind: 'gpu', name: 'A', slots: 1 } as const;
  await reportWorker(db, { ...worker, devices: [{ ...device, bfloat16: false, prefers_bfloat16: false }] });
  await assert.rejects(ask(), { code: 'precision_unavailable' });
  await reportWorker(db, { ...worker, devices: [{ ...device, bfloat16: true, prefers_bfloat16: true }] });
  assert.equal((await ask()).job.spec.precision, 'bfloat16');
  await deleteWorker(db, worker.id);
});

test('an attempt whose lease ran out changes nothing any more, the next one counts', async () => {
  const { jobId, taskId } = await readyTask();
  const stale = await claimed(taskId);
  await expire(taskId);
  await reconcile(db, log);
  await due(taskId);
  const current = await claimed(taskId);
  assert.equal(current.task.attempt, stale.task.attempt + 1);

  const earlier = await tables(jobId);
  const samples = [{ name: 'loss', stage: 0, step: 1, value: 2 }];
  assert.equal(await recordReport(db, stale.task, { progress: 0.9, samples, checkpoint: at(2) }), false);
  await recordLog(db, stale.task, [{ number: 0, stream: 'stdout', text: 'late', ageMs: 0 }]);
  assert.equal(await recordSuccess(db, stale.task, success, samples), null);
  assert.equal(await recordFailure(db, stale.task, passing, 'retry'), false);
  assert.equal(await recordFailure(db, stale.task, passing, 'fatal'), false);
  assert.equal(await releaseTask(db, stale.task), false);
  assert.deepEqual(await renewLeases(db, [{ table: 'task', ...stale.task }], 60_000), []);
  assert.deepEqual(await tables(jobId), earlier);

  assert.notEqual(await recordSuccess(db, current.task, success, samples), null);
  assert.equal(await recordSuccess(db, current.task, success, samples), null);
});

test('an attempt whose lease ran out changes nothing before the next claim either', async () => {
  const { jobId, taskId } = await readyTask();
  const stale = await claimed(taskId);
  await expire(taskId);
  await reconcile(db, log);
  const earlier = await tables(jobId);
  assert.equal(await recordSuccess(db, stale.task, success, []), null);
  assert.deepEqual(await tables(jobId), earlier);
});

test('a second attempt overwrites the metrics of the first, point by point', async () => {
  const { jobId, taskId } = await readyTask();
  const first = await claimed(taskId);
  const point = (step: number, value: number) => ({ name: 'loss', stage: 0, step, value });
  await recordReport(db, first.task, {
    progress: 0.5,
    samples: [point(0, 1), point(1, 1)],
    checkpoint: null,
  });
  await releaseTask(db, first.task);
  const second = await claimed(taskId);
  await recordReport(db, second.task, { progress: null, samples: [point(0, 2)], checkpoint: null });
  await recordSuccess(db, second.task, success, [point(1, 2), point(1, 3)]);
  const [series] = (await strata.client.jobs.listJobMetrics(jobId, { points: 10 })).data;
  assert.equal(series?.attempt, 2);
  assert.deepEqual(
    series?.points.map(([step, value]) => [step, value]),
    [
      [0, 2],
      [1, 3],
    ],
  );
});

test('a task that keeps failing with transient errors fails its job after max_attempts', async () => {
  const { jobId, taskId } = await readyTask({ max_attempts: 3 });
  for (let attempt = 1; attempt <= 3; attempt++) {
    assert.equal((await strata.client.jobs.getJob(jobId))?.error, null);
    await due(taskId);
    await recordFailure(db, (await claimed(taskId)).task, passing, 'retry');
  }
  const job = await strata.client.jobs.getJob(jobId);
  assert.equal(job?.state, 'failed');
  assert.deepEqual(job?.error, passing);
  assert.equal(await claim(db, taskId, claimer), null);
  assert.ok((await nextInSlot(db, claimer))?.id !== taskId);
});

test('the next attempt begins at the last checkpoint, with the samples before it, in whichever way the last one ended', async () => {
  const { jobId, taskId } = await readyTask();
  const samples = [{ name: 'loss', stage: 0, step: 1, value: 2 }];
  const ends = [
    (task: Claim['task']) => releaseTask(db, task),
    (task: Claim['task']) => recordFailure(db, task, passing, 'retry'),
    async (task: Claim['task']) => {
      await expire(task.id);
      await reconcile(db, log);
    },
  ];
  for (const [index, end] of ends.entries()) {
    const { task, assignment } = await claimed(taskId);
    assert.equal(assignment.inputs.checkpoint, index === 0 ? undefined : at(index).uri);
    await recordReport(db, task, { progress: 0.9, samples, checkpoint: at(index + 1) });
    await end(task);
    assert.equal((await strata.client.jobs.listJobTasks(jobId)).data[0]?.progress, (index + 1) / 10);
    await due(taskId);
  }
  const { task, assignment } = await claimed(taskId);
  assert.equal(assignment.inputs.checkpoint, at(3).uri);
  assert.equal((await strata.client.jobs.listJobMetrics(jobId, { points: 10 })).data[0]?.points.length, 1);
  await recordSuccess(db, task, success, []);
  assert.equal(await db.checkpoint.count({ where: { taskId } }), 0);
});

test('a checkpoint that cannot be read is dropped: the next attempt begins at the beginning', async () => {
  const { taskId } = await readyTask();
  const { task } = await claimed(taskId);
  await recordReport(db, task, { progress: 0.5, samples: [], checkpoint: at(5) });
  await recordFailure(db, task, { ...passing, code: 'blob_corrupt' }, 'retry');
  await due(taskId);
  assert.deepEqual((await claimed(taskId)).assignment.inputs, {});
});

test('lost workers are no failures of the task, unless it loses too many without a checkpoint', async () => {
  const { jobId, taskId } = await readyTask();
  const lose = async (checkpoint: TaskCheckpoint | null): Promise<void> => {
    await due(taskId);
    const { task } = await claimed(taskId);
    if (checkpoint) await recordReport(db, task, { progress: null, samples: [], checkpoint });
    await expire(taskId);
    await reconcile(db, log);
  };
  for (let loss = 1; loss <= MAX_LOSSES + 1; loss++) await lose(at(loss));
  assert.equal((await db.task.findUniqueOrThrow({ where: { id: taskId } })).failures, 0);
  // The last of these losses counts too.
  for (let loss = 1; loss < MAX_LOSSES - 1; loss++) await lose(null);
  assert.equal((await strata.client.jobs.getJob(jobId))?.state, 'preparing');
  await lose(null);
  const job = await strata.client.jobs.getJob(jobId);
  assert.deepEqual([job?.state, job?.error?.code], ['failed', 'worker_lost']);
});

/** Puts a time of a job back by some seconds. */
const age = (jobId: string, column: 'queued_at' | 'running_since', seconds: number) =>
  strata.sql.query(`UPDATE job SET ${column} = now() - $2 * interval '1 s' WHERE id = $1`, [jobId, seconds]);

test('an outage of the host is waited out with growing pauses, counts nothing, and is the reason why the job waits', async () => {
  const { jobId, taskId } = await readyTask();
  const full = { ...passing, code: 'storage_full', message: 'ENOSPC: no space left on device' };
  const pauses: number[] = [];
  const rowOf = () => db.task.findUniqueOrThrow({ where: { id: taskId } });
  const meet = async (): Promise<void> => {
    await due(taskId);
    const { task } = await claimed(taskId);
    await recordFailure(db, task, full, 'wait');
    const [row] = await db.$queryRaw<{ s: number }[]>`
      SELECT round(extract(epoch FROM due_at - now()))::int AS s FROM task WHERE id = ${taskId}`;
    pauses.push(row?.s ?? 0);
  };
  for (let outage = 1; outage <= 12; outage++) await meet();
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  const { failures, losses, outages } = await rowOf();
  assert.deepEqual([failures, losses, outages], [0, 0, 12]);
  const job = await strata.client.jobs.getJob(jobId);
  assert.match(job?.state_reason ?? '', /waits until its host has disk or memory again: ENOSPC/);
  assert.match(
    (await strata.service.getReadiness()).problems.join(' '),
    /Tasks that wait for their host: 1. ENOSPC/,
  );

  await due(taskId);
  const { task } = await claimed(taskId);
  await recordReport(db, task, { progress: null, samples: [], checkpoint: at(1) });
  assert.equal((await rowOf()).outages, 0, 'a checkpoint shows that the host is well again');
  await recordFailure(db, task, full, 'wait');
  await db.task.update({ where: { id: taskId }, data: { outages: MAX_OUTAGES } });
  await meet();
  assert.equal((await rowOf()).state, 'failed', 'after about a day the job fails');
});

test('a renewal does not wait for the disk', async (t) => {
  const { taskId } = await readyTask();
  const { task } = await claimed(taskId);
  const admin = new pg.Client({ connectionString: strata.servers.adminUrl });
  await admin.connect();
  const standby = async (name: string) => {
    await admin.query(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
    await admin.query('SELECT pg_reload_conf()');
  };
  t.after(async () => {
    await standby('');
    await admin.end();
  });
  // Every commit that waits for its disk now waits for a standby that does not exist.
  await standby('nobody');
  await eventually('the setting', async () => {
    const { rows } = await admin.query('SHOW synchronous_standby_names');
    return rows[0].synchronous_standby_names === 'nobody';
  });
  const lease = { table: 'task', id: task.id, attempt: task.attempt } as const;
  assert.deepEqual(await renewLeases(db, [lease], 60_000), [{ ...lease, renewed: true, wish: null }]);
});

test('a heartbeat renews what it can while another transaction has one of its tasks locked', async () => {
  const [one, two] = [await readyTask(), await readyTask()];
  const leaseOf = ({ id, attempt }: Fence): Lease => ({ table: 'task', id, attempt });
  const locked = leaseOf((await claimed(one.taskId)).task);
  const free = leaseOf((await claimed(two.taskId)).task);
  const leases = [locked, free];
  await db.$transaction(async (tx) => {
    await tx.$executeRaw`UPDATE task SET progress = 1 WHERE id = ${locked.id}`;
    // Another connection. It would wait for this transaction for ever.
    const renewed = await renewLeases(db, leases, 60_000);
    assert.deepEqual(
      new Map(renewed.map(({ id, renewed: isRenewed, wish }) => [id, [isRenewed, wish]])),
      new Map([
        [locked.id, [false, null]],
        [free.id, [true, null]],
      ]),
    );
  });
  assert.deepEqual(
    (await renewLeases(db, leases, 60_000)).map(({ renewed }) => renewed),
    [true, true],
  );
});

test("the task of a dead worker is taken back after Postgres's clock was set back", async () => {
  const { taskId } = await readyTask();
  await claimed(taskId);
  await db.$executeRaw`UPDATE task SET lease_until = now() + interval '1 hour' WHERE id = ${taskId}`;
  await reconcile(db, log);
  assert.equal((await db.task.findUniqueOrThrow({ where: { id: taskId } })).state, 'ready');
});

test("ids are made by the database's clock, and never go back in a process", () => {
  const before = newId('job');
  setIdClock(Date.now() + 3_600_000);
  const later = newId('job');
  setIdClock(Date.now());
  assert.ok(before < later && later.slice(0, 15) <= newId('job').slice(0, 15));
});

test('max_pending_s: a job that waits for longer fails, one that has started does not', async () => {
  const { job } = await strata.client.jobs.createJob(smallJob({ max_pending_s: 60 }), {});
  await age(job.id, 'queued_at', 59);
  await reconcile(db, log);
  assert.equal((await strata.client.jobs.getJob(job.id))?.state, 'queued');
  const started = await readyTask({ max_pending_s: 60 });
  await claimed(started.taskId);
  await age(job.id, 'queued_at', 61);
  await age(started.jobId, 'queued_at', 61);
  await reconcile(db, log);
  const failed = await strata.client.jobs.getJob(job.id);
  assert.deepEqual([failed?.state, failed?.error?.code], ['failed', 'max_pending_exceeded']);
  assert.equal((await strata.client.jobs.getJob(started.jobId))?.state, 'preparing');
});

test('max_runtime_s: time at work counts, a pause and the wait after it do not', async () => {
  const { jobId, taskId } = await readyTask({ max_runtime_s: 100 });
  const { task } = await claimed(taskId);
  await age(jobId, 'running_since', 60);
  await strata.client.jobs.pauseJob(jobId);
  assert.equal(await releaseTask(db, task), true);
  assert.equal((await strata.client.jobs.getJob(jobId))?.state, 'paused');
  assert.equal(await claim(db, taskId, claimer), null);
  await strata.client.jobs.resumeJob(jobId);
  await reconcile(db, log);
  const again = await claimed(taskId);
  assert.equal((await strata.client.jobs.getJob(jobId))?.state, 'preparing');
  await age(jobId, 'running_since', 39);
  await reconcile(db, log);
  assert.deepEqual(
    (await renewLeases(db, [{ table: 'task', ...again.task }], 6_000)).map(({ wish }) => wish),
    [null],
  );
  await age(jobId, 'running_since', 41);
  await reconcile(db, log);
  assert.deepEqual(
    (await renewLeases(db, [{ table: 'task', ...again.task }], 6_000)).map(({ wish }) => wish),
    ['kill'],
  );
  await recordFailure(db, again.task, passing, 'retry');
  const job = await strata.client.jobs.getJob(jobId);
  assert.deepEqual([job?.state, job?.error?.code], ['failed', 'max_runtime_exceeded']);
});

test('a success without an output that other tasks read is refused and changes nothing', async () => {
  const { jobId, taskId } = await readyTask();
  const { task } = await claimed(taskId);
  const earlier = await tables(jobId);
  await assert.rejects(recordSuccess(db, task, { ...success, outputs: {} }, []), MissingOutputError);
  assert.deepEqual(await tables(jobId), earlier);
});

test('a finalize that reports no accuracy is refused: a job has a result or an error', async () => {
  const { jobId, taskId } = await readyTask();
  const { task } = await claimed(taskId);
  const earlier = await tables(jobId);
  await assert.rejects(
    recordSuccess(db, { ...task, kind: 'finalize' }, success, []),
    /test_accuracy, test_loss/,
  );
  assert.deepEqual(await tables(jobId), earlier);
});

test('a lost worker and a cancel: the job ends cancelled once the lease is over', async () => {
  const { jobId, taskId } = await readyTask();
  const { task } = await claimed(taskId);
  assert.equal((await strata.client.jobs.cancelJob(jobId, { force: true })).state, 'preparing');
  assert.deepEqual(
    (await renewLeases(db, [{ table: 'task', ...task }], 6_000)).map(({ wish }) => wish),
    ['kill'],
  );
  await expire(taskId);
  await reconcile(db, log);
  assert.equal((await strata.client.jobs.getJob(jobId))?.state, 'cancelled');
  assert.equal(await recordSuccess(db, task, success, []), null);
});

test('a result that comes after a cancel is kept, and the job still ends cancelled', async () => {
  const { jobId, taskId } = await readyTask();
  const { task } = await claimed(taskId);
  await strata.client.jobs.cancelJob(jobId, { force: false });
  assert.deepEqual(
    (await renewLeases(db, [{ table: 'task', ...task }], 6_000)).map(({ wish }) => wish),
    ['yield'],
  );
  assert.notEqual(await recordSuccess(db, task, success, []), null);
  assert.equal((await strata.client.jobs.getJob(jobId))?.state, 'cancelled');
  const [first] = (await strata.client.jobs.listJobTasks(jobId)).data;
  assert.equal(first?.state, 'succeeded');
});

test("end times use the database's clock, whatever a worker's clock shows", async (t) => {
  const { jobId, taskId } = await readyTask();
  const { task } = await claimed(taskId);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  await strata.client.jobs.cancelJob(jobId, { force: true });
  await recordFailure(db, task, passing, 'retry');
  t.mock.timers.reset();
  const { rows } = await strata.sql.query(
    `SELECT finished_at FROM job WHERE id = $1 UNION ALL SELECT finished_at FROM task WHERE job_id = $1
     UNION ALL SELECT cancel_requested_at FROM job WHERE id = $1`,
    [jobId],
  );
  assert.ok(rows.length > 2);
  for (const { finished_at } of rows) assert.ok(finished_at.getTime() <= Date.now(), String(finished_at));
});

test('prepare has the weights that a job starts from where the job freezes blocks, whose features it may store', async () => {
  for (const [freeze, inputs] of [
    ['null', {}],
    ['{"blocks": 1, "norm": "frozen"}', { 'initial-0': at(1).uri }],
  ]) {
    const { jobId, taskId } = await readyTask();
    await strata.sql.query(
      `UPDATE job SET spec = jsonb_set(spec, '{freeze}', $2::jsonb), initial = $3::jsonb WHERE id = $1`,
      [jobId, freeze, JSON.stringify([at(1).uri])],
    );
    assert.deepEqual((await claimed(taskId)).assignment.inputs, inputs);
  }
});

test('a claim stores the contents of its assignment, and the job advances', async () => {
  const { jobId, taskId } = await readyTask();
  const { assignment } = await claimed(taskId);
  assert.equal(assignment.job_id, jobId);
  assert.equal(assignment.kind, 'prepare');
  assert.equal(assignment.dataset.name, 'mnist');
  assert.equal(assignment.spec.method.stages, 2);
  assert.deepEqual(assignment.inputs, {});
  const job = await strata.client.jobs.getJob(jobId);
  assert.equal(job?.state, 'preparing');
  assert.ok(job?.started_at);
});

test('a claim names its task in its event as all other messages do', async () => {
  const { jobId, taskId } = await readyTask();
  const shapes = [
    { kind: 'prepare', stage: null, round: null, replica: null, attempt: 0 },
    { kind: 'stage', stage: 1, round: 3, replica: null, attempt: 4 },
    { kind: 'stage', stage: null, round: 0, replica: null, attempt: 0 },
    { kind: 'end_to_end', stage: null, round: 2, replica: 1, attempt: 1 },
  ];
  for (const shape of shapes) {
    await db.task.update({ where: { id: taskId }, data: { ...shape, state: 'ready', leaseUntil: null } });
    const { task } = await claimed(taskId);
    const started = await db.event.findFirstOrThrow({ where: { jobId }, orderBy: { seq: 'desc' } });
    assert.equal(started.message, `${describe(task)} started`);
    const about = { worker_id: claimer.workerId, device: claimer.device, checkpoint_step: null };
    assert.deepEqual(started.data, taskData(task, about));
  }
});

test('the longest plan that is allowed is stored, and its job starts and ends like any other', async () => {
  const spec = smallJob({
    max_train_samples: 60_000,
    batch_size: 2,
    epochs: 3,
    method: { round_steps: 9, end_to_end_share: 0 },
  });
  const { job } = await strata.client.jobs.createJob(spec, {});
  assert.equal(job.plan.tasks, 20_002);
  await planJobs(db, log);
  const tasks = (await strata.client.jobs.listJobTasks(job.id)).data;
  assert.equal(tasks.length, job.plan.tasks);
  const ready = tasks.filter((task) => task.state === 'ready');
  assert.deepEqual(
    ready.map((task) => task.key),
    ['prepare'],
  );
  assert.equal((await strata.client.jobs.cancelJob(job.id, { force: false })).state, 'cancelled');
});
