import type { RetryClass } from '../../contract/errors.js';
import type { JobError } from '../../contract/job-error.js';
import { CHECKPOINT_INPUT } from '../../contract/trainer-protocol.js';
import { MAX_LOSSES, RETRY_BACKOFF_MS } from '../process/limits.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { type LockedJob, lockJob } from '../store/jobs.js';
import { endAttempt, type RunningTask } from '../store/tasks.js';
import { type Counts, failJob, returnTask } from './end-attempt.js';
import { remakeInput } from './remake.js';
import { settle } from './stop.js';

/**
 * Ends an attempt that failed or was lost: the task goes back to ready for a passing reason, unless it has failed
 * too often; else the job fails with the attempt's error. The next attempt begins at the last checkpoint.
 * @param input the one that could not be read, where that is why and known
 * @returns false for a stale attempt, which changes nothing
 */
export function recordFailure(
  db: Database,
  task: RunningTask,
  error: JobError,
  retry: RetryClass,
  input: string | null = null,
): Promise<boolean> {
  return inLockedJob(db, task.jobId, async (tx, job) => {
    // Its trainer has ended: for a job that is to stop, that is all there is to know.
    if (job.stopAs !== null) return cancelAttempt(tx, job, task);
    const remade = input === null ? null : await remakeInput(tx, job, task, error, input);
    if (remade !== null) return remade;
    const counts = countFailure(task, retry);
    const again = retry !== 'fatal' && counts.failures < job.maxAttempts && counts.losses < MAX_LOSSES;
    return again ? tryAgain(tx, job, task, error, counts, input) : failJob(tx, job, task, error, counts);
  });
}

/** Gives an attempt back unharmed, as a stopping worker does: not counted as a failure. It begins at its checkpoint. */
export function releaseTask(db: Database, task: RunningTask): Promise<boolean> {
  return inLockedJob(db, task.jobId, async (tx, job) => {
    if (job.stopAs !== null) return cancelAttempt(tx, job, task);
    const by = job.pausing ? 'since its job is to be paused' : 'by a stopping worker';
    return returnTask(tx, job, task, { message: `was handed back ${by}` });
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
  const current = await endAttempt(tx, task, 'cancelled', { finishedAt: job.now });
  if (current) await settle(tx, job);
  return current;
}

function countFailure({ failures, losses }: RunningTask, retry: RetryClass): Counts {
  return retry === 'uncounted' ? { failures, losses: losses + 1 } : { failures: failures + 1, losses };
}

const UNREADABLE = ['blob_missing', 'blob_corrupt'];

async function tryAgain(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  error: JobError,
  counts: Counts,
  input: string | null,
): Promise<boolean> {
  // Where it is not known what could not be read, it may have been the checkpoint.
  const dropCheckpoint = UNREADABLE.includes(error.code) && (input ?? CHECKPOINT_INPUT) === CHECKPOINT_INPUT;
  const message = `is tried again: ${error.message}`;
  const waitMs = RETRY_BACKOFF_MS * 2 ** Math.max(0, counts.failures - 1);
  return returnTask(tx, job, task, { counts, error, message, dropCheckpoint, waitMs });
}
