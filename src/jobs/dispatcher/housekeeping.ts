import type { BlobStore } from '../../storage/blob-store.js';
import { GARBAGE_GRACE_MS } from '../process/limits.js';
import type { Log } from '../process/process.js';
import type { Database } from '../store/connection/database.js';
import { openImports } from '../store/dataset-imports.js';
import { deleteGoneDispatchers } from '../store/dispatchers.js';
import { deleteOldKeys } from '../store/idempotency-keys.js';
import { endedJobsWithSpool, markSpoolDeleted } from '../store/jobs.js';
import { tidyProfiles } from '../store/profiles.js';
import { deleteOldArtifacts, findReferences, garbageHorizon } from '../store/references.js';
import { clearSpool, consumedSpools } from '../store/tasks.js';
import { deleteOldDeliveries } from '../store/webhook-deliveries.js';
import { deleteGoneWorkers } from '../store/workers.js';
import { collectGarbage } from './garbage.js';

/**
 * Deletes the spool files of all attempts of a task when all readers have succeeded. The rest is deleted when the
 * job ends.
 */
export async function deleteSpools(db: Database, blobs: BlobStore): Promise<void> {
  for (const { jobId, taskId } of await consumedSpools(db)) {
    await blobs.deleteSpool(`${jobId}/${taskId}-a`);
    await clearSpool(db, taskId);
  }
  for (const jobId of await endedJobsWithSpool(db)) {
    await blobs.deleteSpool(`${jobId}/`);
    await markSpoolDeleted(db, jobId);
  }
}

/** Deletes uploads that never became an import, and files of crashed workers, after a while. */
export async function deleteLostUploads(db: Database, blobs: BlobStore, now: Date): Promise<void> {
  const idle = await blobs.idleSpools('import_', new Date(now.getTime() - GARBAGE_GRACE_MS));
  const open = await openImports(db, idle);
  for (const id of idle) if (!open.has(id)) await blobs.deleteSpool(`${id}/`);
}

/** @param retentionDays days for which artifacts are kept after the end of their job; absent: forever */
export async function deleteOldRows(db: Database, retentionDays: number | undefined): Promise<void> {
  if (retentionDays !== undefined) await deleteOldArtifacts(db, retentionDays);
  await deleteOldKeys(db);
  await deleteGoneWorkers(db);
  await deleteGoneDispatchers(db);
  await deleteOldDeliveries(db);
  await tidyProfiles(db);
}

export async function deleteGarbage(db: Database, blobs: BlobStore, log: Log): Promise<void> {
  const deleted = await collectGarbage(blobs, {
    horizon: () => garbageHorizon(db, GARBAGE_GRACE_MS),
    references: () => findReferences(db),
  });
  if (deleted > 0) log.info({ deleted }, 'unreferenced blobs');
}
