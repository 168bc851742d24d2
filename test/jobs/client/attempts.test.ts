import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DEFAULT_TENANT } from '../../../src/contract/access.js';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { planJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { type Claim, claim } from '../../../src/jobs/lifecycle/claim.js';
import { recordFailure, releaseTask } from '../../../src/jobs/lifecycle/fail.js';
import { recordShared } from '../../../src/jobs/lifecycle/share.js';
import { recordSuccess } from '../../../src/jobs/lifecycle/succeed.js';
import { type Database, openDatabase } from '../../../src/jobs/store/connection/database.js';
import { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

let strata: Strata;
let db: Database;
before(async () => {
  strata = await Strata.start();
  db = await openDatabase(strata.servers.databaseUrl);
});
after(async () => {
  await db.$disconnect();
  await strata.stop();
});

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const claimer = { workerId: 'worker_1', device: 'cpu:0', bfloat16: false };
const output = { uri: `sha256:${'a'.repeat(64)}`, size_bytes: 1 } as const;
const success: TaskSuccess = { outputs: { dataset: output }, seconds: {}, artifacts: [], result: {} };
const crash = { code: 'trainer_crashed', message: 'it crashed', stage: null, step: null, tensor: null };

async function newJob(): Promise<string> {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await planJobs(db, log);
  return job.id;
}

async function claimed(jobId: string, key: string): Promise<Claim['task']> {
  const { id } = await db.task.findUniqueOrThrow({ where: { jobId_key: { jobId, key } } });
  await strata.sql.query('UPDATE task SET due_at = now() - make_interval(secs => 1) WHERE id = $1', [id]);
  const found = await claim(db, id, claimer);
  assert.ok(found, key);
  return found.task;
}

const attemptsOf = async (jobId: string) => (await strata.client.jobs.listJobAttempts(jobId)).data;

test('every attempt at a task is listed with its outcome, in order of the start', async () => {
  const id = await newJob();
  assert.deepEqual(await attemptsOf(id), []);
  await recordFailure(db, await claimed(id, 'prepare'), crash, 'retry');
  await recordFailure(db, await claimed(id, 'prepare'), { ...crash, code: 'worker_lost' }, 'uncounted');
  await releaseTask(db, await claimed(id, 'prepare'));
  await recordSuccess(db, await claimed(id, 'prepare'), success, []);
  await claimed(id, 'stage-1-0');
  const attempts = await attemptsOf(id);
  assert.deepEqual(
    attempts.map(({ task, attempt, outcome, error }) => [task, attempt, outcome, error?.code ?? null]),
    [
      ['prepare', 1, 'failed', 'trainer_crashed'],
      ['prepare', 2, 'lost', 'worker_lost'],
      ['prepare', 3, 'returned', null],
      ['prepare', 4, 'succeeded', null],
      ['stage-1-0', 1, 'running', null],
    ],
  );
  const last = attempts.at(-1)!;
  assert.deepEqual([last.stage, last.round, last.device, last.ended_at], [1, 0, 'cpu:0', null]);
  assert.deepEqual(last.devices, ['cpu:0']);
  for (const { started_at: start, ended_at: end } of attempts.slice(0, -1)) assert.ok(end! >= start);
  await strata.sql.query(
    `INSERT INTO worker (id, host, pid, devices, slots, versions)
     SELECT 'worker_1', 'here', 1, '[]', jsonb_build_array(jsonb_build_object('state', 'busy', 'task_id', id)), '{}'
     FROM task WHERE job_id = $1 AND key = 'stage-1-0'`,
    [id],
  );
  const slotsFor = async (tenant: string) =>
    (await strata.service.listWorkers(tenant)).data.flatMap(({ slots }) => slots);
  const [slot] = await slotsFor(DEFAULT_TENANT);
  const running = (await strata.client.jobs.listJobTasks(id)).data.find(({ key }) => key === 'stage-1-0');
  assert.deepEqual([slot?.job_id, slot?.task, slot?.since], [id, 'stage-1-0', running?.started_at]);
  const hidden = {
    ...{ state: 'busy', quarantine_s: 0, task_id: null, task: null, job_id: null, since: null },
    ...{ busy_share: null, memory_bytes: null, gpu_use: null, gpu_memory_bytes: null, runtime: null },
  };
  assert.deepEqual(await slotsFor('other'), [hidden]);
});

test('the usage of a job counts all its attempts, those that were lost too, and messages but no weights', async () => {
  const id = await newJob();
  assert.deepEqual(await strata.client.jobs.getJobUsage(id), {
    ...{ object: 'job_usage', job_id: id, attempts: 0, device_seconds: 0, lost_seconds: 0 },
    ...{ wall_seconds: 0, message_bytes: 0, artifact_bytes: 0 },
  });
  const lostTask = await claimed(id, 'prepare');
  assert.equal(await recordShared(db, lostTask, ['cpu:0', 'cpu:2', 'cpu:3']), true);
  await recordFailure(db, lostTask, { ...crash, code: 'worker_lost' }, 'uncounted');
  assert.equal(await recordShared(db, lostTask, ['cpu:0', 'cpu:2']), false, 'a stale attempt takes no slot');
  await recordSuccess(db, await claimed(id, 'prepare'), success, []);
  await strata.sql.query(
    `UPDATE task SET result = '{"stream_bytes": 30}', outputs = '{"state": {"size_bytes": 1000}, "features": {"size_bytes": 7}}'
     WHERE job_id = $1 AND key IN ('stage-0-0', 'stage-1-0')`,
    [id],
  );
  // Moves the events so that each attempt took 3 s.
  await strata.sql.query(
    `UPDATE event SET at = timestamptz '2026-01-01 00:00Z' + seq * interval '3 s' WHERE job_id = $1`,
    [id],
  );
  const events = (await strata.client.jobs.listJobEvents(id, { after: 0, limit: 100 })).data;
  const seqOf = (type: string, nth = 0) => events.filter((event) => event.type === type)[nth]!.seq;
  const lost = 3 * 3 * (seqOf('task.retried') - seqOf('task.started'));
  const done = 3 * (seqOf('task.succeeded') - seqOf('task.started', 1));
  const usage = await strata.client.jobs.getJobUsage(id);
  assert.deepEqual(
    [usage.attempts, usage.lost_seconds, usage.device_seconds, usage.message_bytes],
    [2, lost, lost + done, 74],
    'three slots were lost',
  );
  assert.deepEqual(
    (await attemptsOf(id)).map(({ devices }) => devices),
    [['cpu:0', 'cpu:2', 'cpu:3'], ['cpu:0']],
  );
  await strata.sql.query(
    `UPDATE job SET ran_seconds = 2, running_since = '2026-01-01 00:00Z', finished_at = '2026-01-01 00:05Z' WHERE id = $1`,
    [id],
  );
  assert.equal(
    (await strata.client.jobs.getJobUsage(id)).wall_seconds,
    302,
    'the end of a job stops its clock',
  );
  await assert.rejects(strata.service.forTenant('other').jobs.getJobUsage(id), { code: 'not_found' });
});

test('an attempt that was running when its job was cancelled has the end of its task', async () => {
  const id = await newJob();
  const task = await claimed(id, 'prepare');
  await strata.client.jobs.cancelJob(id, { force: true });
  assert.equal((await attemptsOf(id))[0]!.outcome, 'running');
  await releaseTask(db, task);
  const [attempt] = await attemptsOf(id);
  assert.equal(attempt!.outcome, 'cancelled');
  const [prepare] = (await strata.client.jobs.listJobTasks(id)).data;
  assert.ok(prepare!.finished_at);
  assert.equal(attempt!.ended_at, prepare!.finished_at);
});

test('attempts of another tenant are not found', async () => {
  const id = await newJob();
  await assert.rejects(strata.service.forTenant('other').jobs.listJobAttempts(id), { code: 'not_found' });
});
