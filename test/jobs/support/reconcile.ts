import {
  failOverlongQueuedJobs,
  failOvertimeJobs,
  settleStoppingJobs,
  takeBackExpired,
} from '../../../src/jobs/dispatcher/reconcile.js';
import type { Log } from '../../../src/jobs/process/process.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';

/** Runs the dispatcher's duties for running and stopping jobs, one after another. */
export async function reconcile(db: Database, log: Log): Promise<void> {
  await takeBackExpired(db, log);
  await failOvertimeJobs(db, log);
  await failOverlongQueuedJobs(db, log);
  await settleStoppingJobs(db);
}
