import { spendBudget } from '../lifecycle/budget.js';
import type { Log } from '../process/process.js';
import type { Database } from '../store/connection/database.js';
import { jobsWithSpentBudget } from '../store/due-jobs.js';
import { eachRow } from './each-row.js';

/** Tells jobs that have spent their `max_device_seconds` to finish, to pause or to fail. */
export function endSpentBudgets(db: Database, log: Log): Promise<void> {
  return eachRow(
    (after, limit) => jobsWithSpentBudget(db, after, limit),
    async (spent) => {
      await spendBudget(db, spent);
      log.info({ job: spent.id, then: spent.then }, 'max_device_seconds are spent');
    },
  );
}
