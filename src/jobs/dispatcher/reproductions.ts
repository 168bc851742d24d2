import type { BlobStore } from '../../storage/blob-store.js';
import { judgeReproduction } from '../lifecycle/reproductions.js';
import type { Log } from '../process/process.js';
import type { Database } from '../store/connection/database.js';
import { unfinishedReproductions } from '../store/reproductions.js';
import { eachRow } from './each-row.js';

/** Compares the weights of every reproduction whose job has ended. */
export function judgeReproductions(db: Database, blobs: BlobStore, log: Log): Promise<void> {
  return eachRow(
    (after, limit) => unfinishedReproductions(db, after, limit),
    async (row) => {
      if (await judgeReproduction(db, blobs, row)) log.info({ reproduction: row.id }, 'weights compared');
    },
  );
}
