import type { BlobStore } from '../../storage/blob-store.js';
import type { Database } from '../store/database.js';
import { deleteOldKeys } from '../store/idempotency-keys.js';
import { endedJobsWithSpool, markSpoolDeleted } from '../store/jobs.js';
import { clearSpool, consumedSpools } from '../store/tasks.js';
import { deleteOldDeliveries } from '../store/webhook-deliveries.js';
import { deleteGoneWorkers } from '../store/workers.js';

/** Spool files go once their reader has succeeded, of every attempt; whatever is left goes when the job ends. */
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

export async function deleteOldRows(db: Database): Promise<void> {
  await deleteOldKeys(db);
  await deleteGoneWorkers(db);
  await deleteOldDeliveries(db);
}
