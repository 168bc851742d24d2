import type { RetryClass } from '../../contract/errors.js';
import type { JobError } from '../../contract/job-error.js';
import { deleteCheckpoint, findCheckpoint } from '../store/checkpoints.js';
import type { Database, Transaction } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { appendEvents, type NewEvent } from '../store/events.js';
import { type LockedJob, lockJob } from '../store/jobs.js';
import { recountNeeds } from '../store/task-dependencies.js';
import {
  endAttempt,
  findProducer,
  postpone,
  type RunningTask,
  reopenTask,
  touchAttempt,
} from '../store/tasks.js';
import { requestStop, settle } from './stop.js';
import { describe, taskData } from './task-events.js';
import { type BadEnd, type Verdict, verdictOn } from './verdict.js';

/**
 * Ends an attempt that failed or was lost: verdict.ts says what becomes of the task. The next attempt begins at the last
 * checkpoint.
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
  return endBadly(db, task, { kind: 'failed', error, retry, input });
}

/**
 * Ends an attempt without counting a failure, as a stopping worker does. The next attempt resumes from its
 * checkpoint.
 */
export function releaseTask(db: Database, task: RunningTask): Promise<boolean> {
  return endBadly(db, task, { kind: 'released' });
}

async function endBadly(db: Database, task: RunningTask, end: BadEnd): Promise<boolean> {
  return db.$transaction(async (tx) => {
    const job = await lockJob(tx, task.jobId);
    if (job === null || !(await touchAttempt(tx, task, {}))) return false;
    const unread = end.kind === 'failed' ? end.input : null;
    const maker = unread === null ? null : await findProducer(tx, task, unread);
    await carryOut(tx, job, task, verdictOn(job, task, end, maker));
    return true;
  });
}

/** @param task whose attempt is known to be the current one */
async function carryOut(tx: Transaction, job: LockedJob, task: RunningTask, verdict: Verdict): Promise<void> {
  if (verdict.to === 'cancelled') {
    await endAttempt(tx, task, 'cancelled', {});
    await settle(tx, job);
  } else if (verdict.to === 'failed') {
    const { counts, error } = verdict;
    await endAttempt(tx, task, 'failed', { ...counts, error });
    const event = aboutAttempt('task.failed', task, `failed: ${error.message}`, error);
    await appendEvents(tx, job.id, { ...event, level: 'error' });
    await requestStop(tx, job, { as: 'failed', now: true, error });
  } else await returnTask(tx, job, task, verdict);
}

/** The task waits for its next attempt: ready, or waiting where something that it needs is being made again. */
async function returnTask(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  { counts, error, message, waitMs, dropCheckpoint, remake }: Extract<Verdict, { to: 'ready' }>,
): Promise<void> {
  if (remake) await reopen(tx, job, remake);
  const progress = dropCheckpoint ? 0 : ((await findCheckpoint(tx, task.id))?.share ?? 0);
  await endAttempt(tx, task, 'ready', { ...counts, ...(error && { error }), progress });
  await postpone(tx, task, waitMs);
  if (dropCheckpoint) await deleteCheckpoint(tx, task.id);
  await recountNeeds(tx, task.id);
  await appendEvents(tx, job.id, aboutAttempt('task.retried', task, message, error));
  notify(tx, 'strata_dispatch');
  await settle(tx, job);
}

type Remake = NonNullable<Extract<Verdict, { to: 'ready' }>['remake']>;

/**
 * The task that made unreadable bytes makes them again. Where its own inputs are gone too, its attempt finds out and comes
 * here in its turn, at the furthest back to `prepare`.
 */
async function reopen(tx: Transaction, job: LockedJob, { maker, counts, error }: Remake): Promise<void> {
  await reopenTask(tx, maker.id, counts);
  await postpone(tx, maker, 0);
  await recountNeeds(tx, maker.id);
  await appendEvents(tx, job.id, {
    type: 'task.reopened',
    level: 'warning',
    message: `${describe(maker)} runs again, because its output cannot be read: ${error.message}`,
    data: taskData(maker, { error }),
  });
}

function aboutAttempt(type: string, task: RunningTask, message: string, error?: JobError): NewEvent {
  return {
    type,
    level: error ? 'warning' : 'info',
    message: `${describe(task)} ${message}`,
    data: taskData(task, error && { error }),
  };
}
