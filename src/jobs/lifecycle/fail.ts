import type { RetryClass } from '../../contract/errors.js';
import { MAX_LOSSES, RETRY_BACKOFF_MS } from '../limits.js';
import { deleteCheckpoint, findCheckpoint } from '../store/checkpoints.js';
import { type Database, type Transaction, toJson } from '../store/database.js';
import { appendEvents } from '../store/events.js';
import { type LockedJob, lockJob } from '../store/jobs.js';
import { notify } from '../store/notify.js';
import { endAttempt, postpone, type RunningTask } from '../store/tasks.js';
import { type JobError, requestStop, settle } from './stop.js';
import { describe, taskData } from './task-events.js';

/**
 * Ends an attempt that failed or was lost: the task goes back to ready for a passing reason, unless it has failed
 * too often; else the job fails with the attempt's error. The next attempt begins at the last checkpoint.
 * @returns false for a stale attempt, which changes nothing
 */
export function recordFailure(
  db: Database,
  task: RunningTask,
  error: JobError,
  retry: RetryClass,
): Promise<boolean> {
  return inLockedJob(db, task.jobId, async (tx, job) => {
    // Its trainer has ended: for a job that is to stop, that is all there is to know.
    if (job.stopAs !== null) return cancelAttempt(tx, job, task);
    const counts = countFailure(task, retry);
    const again = retry !== 'fatal' && counts.failures < job.maxAttempts && counts.losses < MAX_LOSSES;
    return again ? tryAgain(tx, job, task, error, counts) : failJob(tx, job, task, error, counts);
  });
}

/** Gives an attempt back unharmed, as a stopping worker does: not counted as a failure. It begins at its checkpoint. */
export function releaseTask(db: Database, task: RunningTask): Promise<boolean> {
  return inLockedJob(db, task.jobId, async (tx, job) => {
    if (job.stopAs !== null) return cancelAttempt(tx, job, task);
    const progress = await progressKept(tx, task);
    if (!(await endAttempt(tx, task, 'ready', { progress }))) return false;
    await postpone(tx, task, 0);
    const by = job.pausing ? 'since its job is to be paused' : 'by a stopping worker';
    const message = `${describe(task)} was handed back ${by}`;
    await appendEvents(tx, job.id, { type: 'task.retried', message, data: taskData(task) });
    await notify(tx, 'strata_dispatch');
    await settle(tx, job);
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

interface Counts {
  readonly failures: number;
  readonly losses: number;
}

function countFailure({ failures, losses }: RunningTask, retry: RetryClass): Counts {
  return retry === 'uncounted' ? { failures, losses: losses + 1 } : { failures: failures + 1, losses };
}

/** An attempt that could not read these may have had a checkpoint that is not there any more. */
const UNREADABLE = ['blob_missing', 'blob_corrupt'];

/** Where the next attempt begins, as a share of the task. */
async function progressKept(tx: Transaction, { taskId }: RunningTask): Promise<number> {
  return (await findCheckpoint(tx, taskId))?.share ?? 0;
}

async function tryAgain(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  error: JobError,
  counts: Counts,
): Promise<boolean> {
  const progress = await progressKept(tx, task);
  const changes = { progress, ...counts, error: toJson(error) };
  if (!(await endAttempt(tx, task, 'ready', changes))) return false;
  await postpone(tx, task, RETRY_BACKOFF_MS * 2 ** Math.max(0, counts.failures - 1));
  if (UNREADABLE.includes(error.code)) await deleteCheckpoint(tx, task.taskId);
  await appendEvents(tx, job.id, {
    type: 'task.retried',
    level: 'warning',
    message: `${describe(task)} is tried again: ${error.message}`,
    data: taskData(task, { error }),
  });
  await notify(tx, 'strata_dispatch');
  await settle(tx, job);
  return true;
}

async function failJob(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  error: JobError,
  counts: Counts,
): Promise<boolean> {
  const changes = { ...counts, error: toJson(error), finishedAt: new Date() };
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
