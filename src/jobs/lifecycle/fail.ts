import { MAX_ATTEMPTS, RETRY_BACKOFF_MS } from '../limits.js';
import { type Database, type Transaction, toJson } from '../store/database.js';
import { appendEvents } from '../store/events.js';
import { type LockedJob, lockJob } from '../store/jobs.js';
import { notify } from '../store/notify.js';
import { endAttempt, type RunningTask } from '../store/tasks.js';
import { type JobError, requestStop, settle } from './stop.js';
import { describe, taskData } from './task-events.js';

/**
 * Ends an attempt that failed or was lost: the task goes back to ready for a passing reason, unless it has failed
 * too often; else the job fails with the attempt's error.
 * @returns false for a stale attempt, which changes nothing
 */
export function recordFailure(
  db: Database,
  task: RunningTask,
  error: JobError,
  retryable: boolean,
): Promise<boolean> {
  return inLockedJob(db, task.jobId, async (tx, job) => {
    // Its trainer has ended: for a job that is to stop, that is all there is to know.
    if (job.stopAs !== null) return cancelAttempt(tx, job, task);
    const failures = task.failures + 1;
    return retryable && failures < MAX_ATTEMPTS
      ? retry(tx, job, task, error, failures)
      : failJob(tx, job, task, error, failures);
  });
}

/** Gives an attempt back unharmed, as a stopping worker does: not counted as a failure. */
export function releaseTask(db: Database, task: RunningTask): Promise<boolean> {
  return inLockedJob(db, task.jobId, async (tx, job) => {
    if (job.stopAs !== null) return cancelAttempt(tx, job, task);
    if (!(await endAttempt(tx, task, 'ready', { progress: 0, dueAt: new Date(0) }))) return false;
    const message = `${describe(task)} was handed back by a stopping worker`;
    await appendEvents(tx, job.id, { type: 'task.retried', message, data: taskData(task) });
    await notify(tx, 'strata_dispatch');
    return true;
  });
}

async function inLockedJob(
  db: Database,
  jobId: string,
  change: (tx: Transaction, job: LockedJob) => Promise<boolean>,
): Promise<boolean> {
  return db.$transaction(async (tx) => {
    const job = await lockJob(tx, jobId);
    return job !== null && change(tx, job);
  });
}

async function cancelAttempt(tx: Transaction, job: LockedJob, task: RunningTask): Promise<boolean> {
  const current = await endAttempt(tx, task, 'cancelled', { finishedAt: new Date() });
  if (current) await settle(tx, job);
  return current;
}

async function retry(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  error: JobError,
  failures: number,
): Promise<boolean> {
  const waitMs = RETRY_BACKOFF_MS * 2 ** (failures - 1);
  const dueAt = new Date(Date.now() + waitMs);
  const changes = { progress: 0, failures, error: toJson(error), dueAt };
  if (!(await endAttempt(tx, task, 'ready', changes))) return false;
  await appendEvents(tx, job.id, {
    type: 'task.retried',
    level: 'warning',
    message: `${describe(task)} is tried again: ${error.message}`,
    data: taskData(task, { error }),
  });
  await notify(tx, 'strata_dispatch');
  return true;
}

async function failJob(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  error: JobError,
  failures: number,
): Promise<boolean> {
  const changes = { failures, error: toJson(error), finishedAt: new Date() };
  if (!(await endAttempt(tx, task, 'failed', changes))) return false;
  await appendEvents(tx, job.id, {
    type: 'task.failed',
    level: 'error',
    message: `${describe(task)} failed: ${error.message}`,
    data: taskData(task, { error }),
  });
  await requestStop(tx, job, { as: 'failed', now: true, error });
  return true;
}
