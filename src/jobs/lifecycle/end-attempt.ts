import type { JobError } from '../../contract/job-error.js';
import { deleteCheckpoint, findCheckpoint } from '../store/checkpoints.js';
import { type Transaction, toJson } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { appendEvents, type NewEvent } from '../store/events.js';
import type { LockedJob } from '../store/jobs.js';
import { recountNeeds } from '../store/task-dependencies.js';
import { endAttempt, postpone, type RunningTask } from '../store/tasks.js';
import { requestStop, settle } from './stop.js';
import { describe, taskData } from './task-events.js';

/** Attempts of a task that ended badly. */
export interface Counts {
  readonly failures: number;
  readonly losses: number;
}

export interface Return {
  readonly counts?: Counts;
  /** Absent: it ended as it was told to. */
  readonly error?: JobError;
  /** What became of it, after the task's name. */
  readonly message: string;
  /** Its checkpoint cannot be read: the next attempt begins at the task's beginning. */
  readonly dropCheckpoint?: boolean;
  /** Before the next attempt; absent: none. */
  readonly waitMs?: number;
}

/**
 * Lets a running task of a locked job wait for its next attempt, which begins at the last checkpoint: ready, or waiting
 * where something that it needs is being made again.
 * @returns false for a stale attempt, which changes nothing
 */
export async function returnTask(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  { counts, error, message, dropCheckpoint = false, waitMs = 0 }: Return,
): Promise<boolean> {
  const progress = dropCheckpoint ? 0 : ((await findCheckpoint(tx, task.taskId))?.share ?? 0);
  const changes = { ...counts, ...(error && { error: toJson(error) }), progress };
  if (!(await endAttempt(tx, task, 'ready', changes))) return false;
  await postpone(tx, task, waitMs);
  if (dropCheckpoint) await deleteCheckpoint(tx, task.taskId);
  await recountNeeds(tx, task.taskId);
  await appendEvents(tx, job.id, aboutAttempt('task.retried', task, message, error));
  await notify(tx, 'strata_dispatch');
  await settle(tx, job);
  return true;
}

/** Ends an attempt whose failure is its job's. @returns false for a stale attempt, which changes nothing */
export async function failJob(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  error: JobError,
  counts: Counts,
): Promise<boolean> {
  const changes = { ...counts, error: toJson(error), finishedAt: job.now };
  if (!(await endAttempt(tx, task, 'failed', changes))) return false;
  const event = aboutAttempt('task.failed', task, `failed: ${error.message}`, error);
  await appendEvents(tx, job.id, { ...event, level: 'error' });
  await requestStop(tx, job, { as: 'failed', now: true, error });
  return true;
}

function aboutAttempt(type: string, task: RunningTask, message: string, error?: JobError): NewEvent {
  return {
    type,
    level: error ? 'warning' : 'info',
    message: `${describe(task)} ${message}`,
    data: taskData(task, error && { error }),
  };
}
