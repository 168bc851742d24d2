import type { BlobStore } from '../../storage/blob-store.js';
import { readClocks, safeHorizon } from '../lifecycle/clocks.js';
import { GARBAGE_GRACE_MS } from '../process/limits.js';
import type { Log } from '../process/process.js';
import { heldUploads } from '../store/batch-predictions.js';
import type { Database } from '../store/connection/database.js';
import { openImports } from '../store/dataset-imports.js';
import { endedJobsWithSpool } from '../store/due-jobs.js';
import { markSpoolDeleted } from '../store/jobs.js';
import {
  findUnlistedManifests,
  garbageHorizon,
  listBlobs,
  readHeldReferences,
  referencesAmong,
} from '../store/references.js';
import { clearSpool, consumedSpools } from '../store/tasks.js';
import { eachRow } from './each-row.js';
import { collectGarbage } from './garbage.js';

/** Deletes the spool files of every attempt of a task, once all that read them have succeeded. */
export function deleteConsumedSpools(db: Database, blobs: BlobStore): Promise<void> {
  return eachRow(
    (after, limit) => consumedSpools(db, after, limit),
    async ({ id, jobId }) => {
      await blobs.deleteSpool(`${jobId}/${id}-a`);
      await clearSpool(db, id);
    },
  );
}

/** Deletes whatever spool files are left when a job ends. */
export function deleteEndedSpools(db: Database, blobs: BlobStore): Promise<void> {
  return eachRow(
    (after, limit) => endedJobsWithSpool(db, after, limit),
    async ({ id }) => {
      await blobs.deleteSpool(`${id}/`);
      await markSpoolDeleted(db, id);
    },
  );
}

/** Deletes uploads that never became an import, and files of crashed workers, after a while. */
export async function deleteLostUploads(db: Database, blobs: BlobStore): Promise<void> {
  const clocks = await readClocks(db, blobs);
  const idle = await blobs.idleSpools('import_', safeHorizon(clocks.database, clocks, GARBAGE_GRACE_MS));
  const [open, held] = await Promise.all([openImports(db, idle), heldUploads(db, idle)]);
  for (const id of idle) if (!open.has(id) && !held.has(id)) await blobs.deleteSpool(`${id}/`);
}

export async function deleteGarbage(db: Database, blobs: BlobStore, log: Log): Promise<void> {
  const deleted = await collectGarbage(blobs, {
    horizon: async () =>
      safeHorizon(await garbageHorizon(db, GARBAGE_GRACE_MS), await readClocks(db, blobs), GARBAGE_GRACE_MS),
    held: () => readHeldReferences(db),
    unlisted: (after, limit) => findUnlistedManifests(db, after, limit),
    list: (manifest, parts) => listBlobs(db, manifest, parts),
    among: (uris) => referencesAmong(db, uris),
  });
  if (deleted > 0) log.info({ deleted }, 'unreferenced blobs');
}
