import type { JobError } from '../../contract/job-error.js';
import { MAX_LOSSES } from '../process/limits.js';
import type { Transaction } from '../store/connection/database.js';
import { appendEvents } from '../store/events.js';
import type { LockedJob } from '../store/jobs.js';
import { recountNeeds } from '../store/task-dependencies.js';
import {
  findProducer,
  type Producer,
  postpone,
  type RunningTask,
  reopenTask,
  touchAttempt,
} from '../store/tasks.js';
import { type Counts, failJob, returnTask } from './end-attempt.js';
import { describe, taskData } from './task-events.js';

/**
 * Ends an attempt that could not read an input which another task of its job made: that task makes it again, and this
 * one waits for it. The same work makes the same bytes, so nothing else changes. Where the maker's own inputs are gone
 * too, its attempt finds out and comes here in its turn, at the furthest back to `prepare`.
 * @returns null where no task makes the input; false for a stale attempt, which changes nothing
 */
export async function remakeInput(
  tx: Transaction,
  job: LockedJob,
  task: RunningTask,
  error: JobError,
  input: string,
): Promise<boolean | null> {
  const maker = await findProducer(tx, task, input);
  if (maker === null) return null;
  if (!(await touchAttempt(tx, task, {}))) return false;
  // Another reader was quicker: it is being made again, or was since this attempt read it.
  if (maker.state === 'succeeded' && !maker.remade) {
    const counts = countLoss(maker, error);
    const again = counts.failures < job.maxAttempts && counts.losses < MAX_LOSSES;
    if (!again) return failJob(tx, job, task, error, { failures: task.failures, losses: task.losses });
    await reopen(tx, job, maker, counts, error);
  }
  const message = `is tried again once ${describe(maker)} has made its ${input} again: ${error.message}`;
  return returnTask(tx, job, task, { error, message });
}

/** Storage that damages again and again must not keep a job at work for ever. What is gone may have been cleared away. */
function countLoss({ failures, losses }: Producer, { code }: JobError): Counts {
  return code === 'blob_missing' ? { failures, losses: losses + 1 } : { failures: failures + 1, losses };
}

async function reopen(
  tx: Transaction,
  job: LockedJob,
  maker: Producer,
  counts: Counts,
  error: JobError,
): Promise<void> {
  await reopenTask(tx, maker.taskId, counts);
  await postpone(tx, maker, 0);
  await recountNeeds(tx, maker.taskId);
  await appendEvents(tx, job.id, {
    type: 'task.reopened',
    level: 'warning',
    message: `${describe(maker)} is run again, since what it made cannot be read: ${error.message}`,
    data: taskData(maker, { error }),
  });
}
