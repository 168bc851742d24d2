import { retryClassOf } from '../../contract/errors.js';
import { failOverdue } from '../lifecycle/deadlines.js';
import { recordFailure } from '../lifecycle/fail.js';
import { planJobsTogether } from '../lifecycle/plan-job.js';
import { settle } from '../lifecycle/stop.js';
import type { Log } from '../process/process.js';
import type { Database } from '../store/connection/database.js';
import { isUnavailable } from '../store/connection/unavailable.js';
import {
  type JobId,
  overlongQueuedJobs,
  overtimeJobs,
  stoppingJobs,
  unplannedJobs,
} from '../store/due-jobs.js';
import { lockJob } from '../store/jobs.js';
import { type ExpiredTask, expiredTasks } from '../store/tasks.js';
import { eachRow, pagesOf, type ReadPage } from './each-row.js';

/** Jobs that are planned in one transaction. */
const PLANNED_TOGETHER = 25;

/** Gives every new job its tasks: many jobs in one transaction, and each of those in its own where one fails. */
export async function planJobs(db: Database, log: Log): Promise<void> {
  const plan = async (ids: readonly string[]): Promise<void> => {
    for (const id of await planJobsTogether(db, ids)) log.info({ job: id }, 'planned');
  };
  const readPage: ReadPage<JobId> = (after, limit) => unplannedJobs(db, after, limit);
  let hasFailed = false;
  for await (const page of pagesOf(readPage, PLANNED_TOGETHER)) {
    await plan(page.map(({ id }) => id)).catch((error: unknown) => {
      if (isUnavailable(error)) throw error;
      hasFailed = true;
    });
  }
  if (hasFailed) await eachRow(readPage, ({ id }) => plan([id]));
}

/** Takes back the tasks of lost workers. */
export function takeBackExpired(db: Database, log: Log): Promise<void> {
  return eachRow(
    (after, limit) => expiredTasks(db, after, limit),
    (task) => takeBack(db, log, task),
  );
}

async function takeBack(db: Database, log: Log, task: ExpiredTask): Promise<void> {
  const message = `worker ${task.workerId ?? 'unknown'} stopped renewing its lease`;
  const error = { code: 'worker_lost', message, stage: task.stage, step: null, tensor: null };
  const current = await recordFailure(db, task, error, retryClassOf(error.code));
  if (current) log.warn({ job: task.jobId, task: task.key, attempt: task.attempt }, message);
}

/** Fails jobs that were at work for longer than `max_runtime_s`. */
export function failOvertimeJobs(db: Database, log: Log): Promise<void> {
  return failAllOverdue(db, log, overtimeJobs);
}

/** Fails jobs that waited for longer than `max_pending_s`. */
export function failOverlongQueuedJobs(db: Database, log: Log): Promise<void> {
  return failAllOverdue(db, log, overlongQueuedJobs);
}

function failAllOverdue(db: Database, log: Log, look: typeof overtimeJobs): Promise<void> {
  return eachRow(
    (after, limit) => look(db, after, limit),
    async (overdue) => {
      await failOverdue(db, overdue);
      log.warn({ job: overdue.id, limit: overdue.limit }, 'over a time limit of its spec');
    },
  );
}

/** Ends or pauses jobs that are to stop and have no running task left. */
export function settleStoppingJobs(db: Database): Promise<void> {
  return eachRow(
    (after, limit) => stoppingJobs(db, after, limit),
    ({ id }) =>
      db.$transaction(async (tx) => {
        const job = await lockJob(tx, id);
        if (job !== null) await settle(tx, job);
      }),
  );
}
