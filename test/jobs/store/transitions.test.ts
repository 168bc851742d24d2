import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JOB_STATES, TASK_STATES } from '../../../src/contract/states.js';
import { planJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { claim } from '../../../src/jobs/lifecycle/claim.js';
import { releaseTask } from '../../../src/jobs/lifecycle/fail.js';
import { requestStop } from '../../../src/jobs/lifecycle/stop.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { type LockedJob, lockJob, setJobState } from '../../../src/jobs/store/jobs.js';
import { consumedSpools } from '../../../src/jobs/store/tasks.js';
import type { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';
import { claimer, log, useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));

async function plannedJob(): Promise<string> {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await planJobs(db, log);
  return job.id;
}

/** Changes a locked job in a transaction. */
function changeJob<T>(
  id: string,
  change: (tx: Parameters<typeof lockJob>[0], job: LockedJob) => Promise<T>,
): Promise<T> {
  return db.$transaction(async (tx) => change(tx, (await lockJob(tx, id))!));
}

/** All that is stored of a job and its tasks. */
async function rowsOf(jobId: string): Promise<unknown> {
  const [job, tasks, events] = await Promise.all([
    strata.sql.query('SELECT * FROM job WHERE id = $1', [jobId]),
    strata.sql.query('SELECT * FROM task WHERE job_id = $1 ORDER BY position', [jobId]),
    strata.sql.query('SELECT * FROM event WHERE job_id = $1 ORDER BY seq', [jobId]),
  ]);
  return [job.rows, tasks.rows, events.rows];
}

test('every claim raises the attempt of its task by one', async () => {
  const jobId = await plannedJob();
  const { id } = await db.task.findFirstOrThrow({ where: { jobId, state: 'ready' } });
  for (const attempt of [1, 2, 3]) {
    const { task, assignment } = (await claim(db, id, claimer))!;
    assert.deepEqual([task.attempt, assignment.attempt], [attempt, attempt]);
    assert.equal((await db.task.findUniqueOrThrow({ where: { id } })).attempt, attempt);
    assert.equal(await releaseTask(db, task), true);
  }
});

test('the tasks of a cancelled job are cancelled, also those that wait for others', async () => {
  const jobId = await plannedJob();
  const states = async () =>
    new Set((await db.task.findMany({ where: { jobId } })).map(({ state }) => state));
  assert.deepEqual(await states(), new Set(['ready', 'waiting']));
  assert.equal((await strata.client.jobs.cancelJob(jobId, { force: false })).state, 'cancelled');
  assert.deepEqual(await states(), new Set(['cancelled']));
  assert.equal(await db.task.count({ where: { jobId, finishedAt: null } }), 0);
});

test('a job that has ended takes no other state', async () => {
  const jobId = await plannedJob();
  await strata.client.jobs.cancelJob(jobId, { force: false });
  const earlier = await rowsOf(jobId);
  for (const state of JOB_STATES) {
    const change = changeJob(jobId, (tx, job) => setJobState(tx, job, state));
    await assert.rejects(change, { name: 'IllegalTransitionError', from: 'cancelled', to: state });
  }
  assert.deepEqual(await rowsOf(jobId), earlier);
});

test('a request to stop changes nothing of a job that has ended', async () => {
  const jobId = await plannedJob();
  await strata.sql.query(`UPDATE job SET state = 'succeeded', finished_at = now() WHERE id = $1`, [jobId]);
  const earlier = await rowsOf(jobId);
  const error = { code: 'internal', message: 'late', stage: null, step: null, tensor: null };
  for (const stop of [
    { as: 'cancelled', now: false },
    { as: 'failed', now: true, error },
  ] as const) {
    const stopped = await changeJob(jobId, (tx, job) => requestStop(tx, job, stop));
    assert.deepEqual([stopped.state, stopped.stopAs], ['succeeded', null]);
  }
  assert.deepEqual(await rowsOf(jobId), earlier);
});

test('messages are kept until every task that reads them has succeeded', async () => {
  const jobId = await plannedJob();
  const tasks = await db.task.findMany({ where: { jobId }, orderBy: { position: 'asc' } });
  const reader = tasks.find(({ inputs }) => JSON.stringify(inputs).includes('"corrections"'))!;
  const source = (reader.inputs as Record<string, { task: string; output: string }>).corrections!;
  const producer = tasks.find(({ key }) => key === source.task)!;
  const outputs = { [source.output]: { uri: `spool:${jobId}/${producer.id}-a1/corrections`, size_bytes: 1 } };
  await db.task.update({ where: { id: producer.id }, data: { state: 'succeeded', hasSpool: true, outputs } });
  const consumed = async () => (await consumedSpools(db, '', 10)).map(({ id }) => id);
  for (const state of TASK_STATES) {
    await db.task.update({ where: { id: reader.id }, data: { state } });
    assert.deepEqual(await consumed(), state === 'succeeded' ? [producer.id] : [], `its reader is ${state}`);
  }
});
