import { retryClassOf } from '../../contract/errors.js';
import { enforceDeadlines } from '../lifecycle/deadlines.js';
import { recordFailure } from '../lifecycle/fail.js';
import { planNextJob } from '../lifecycle/plan-next.js';
import { settle } from '../lifecycle/stop.js';
import type { Log } from '../process/process.js';
import type { Database } from '../store/connection/database.js';
import { lockJob, stoppingJobs } from '../store/jobs.js';
import { expiredTasks } from '../store/tasks.js';

/** Creates the tasks of every new job. */
export async function planJobs(db: Database, log: Log): Promise<void> {
  for (let id = await planNextJob(db); id !== null; id = await planNextJob(db)) {
    log.info({ job: id }, 'planned');
  }
}

/** Reads the tables once: takes back tasks of lost workers, and ends jobs that are overdue or stopping. */
export async function reconcile(db: Database, log: Log): Promise<void> {
  await takeBackExpired(db, log);
  for (const id of await enforceDeadlines(db)) log.warn({ job: id }, 'time limit of the spec exceeded');
  for (const id of await stoppingJobs(db)) await settleJob(db, id);
}

async function takeBackExpired(db: Database, log: Log): Promise<void> {
  for (const task of await expiredTasks(db)) {
    const message = `worker ${task.workerId ?? 'unknown'} stopped renewing its lease`;
    const error = { code: 'worker_lost', message, stage: task.stage, step: null, tensor: null };
    const current = await recordFailure(db, task, error, retryClassOf(error.code));
    if (current) log.warn({ job: task.jobId, task: task.key, attempt: task.attempt }, message);
  }
}

async function settleJob(db: Database, id: string): Promise<void> {
  await db.$transaction(async (tx) => {
    const job = await lockJob(tx, id);
    if (job !== null) await settle(tx, job);
  });
}
