import { advanceSweep } from '../lifecycle/sweeps.js';
import type { Log } from '../process/process.js';
import type { Database } from '../store/connection/database.js';
import { unfinishedSweeps } from '../store/sweeps.js';
import { eachRow } from './each-row.js';

/** Starts, pauses and ends the trials of every sweep that goes on. */
export function advanceSweeps(db: Database, log: Log): Promise<void> {
  return eachRow(
    (after, limit) => unfinishedSweeps(db, after, limit),
    async ({ id }) => {
      const ended = await advanceSweep(db, id);
      if (ended !== null) log.info({ sweep: id, ended }, 'the search has ended');
    },
  );
}
