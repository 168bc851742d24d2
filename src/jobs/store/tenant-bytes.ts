import { text } from './connection/column.js';
import type { Database, Queryable, Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

const stored = statement('tenant-bytes', { bytes: text });

/**
 * Bytes of a tenant's datasets, weights, waiting uploads, batch predictions (results, and pictures in work), artifacts, states
 * of models and checkpoints. Files that share their bytes count each, so what a deletion frees does not depend on other jobs.
 */
export async function readTenantBytes(db: Queryable, tenant: string): Promise<number> {
  const [row] = await stored.rows(
    db,
    Prisma.sql`SELECT (
      (SELECT coalesce(sum(stored_bytes), 0) FROM dataset WHERE tenant = ${tenant})
      + (SELECT coalesce(sum(stored_bytes), 0) FROM weights WHERE tenant = ${tenant})
      + (SELECT coalesce(sum(size_bytes), 0) FROM upload WHERE tenant = ${tenant})
      + (SELECT coalesce(sum(result_bytes + input_bytes), 0) FROM batch_prediction WHERE tenant = ${tenant})
      + (SELECT coalesce(sum(size_bytes), 0) FROM artifact JOIN job ON job.id = job_id WHERE job.tenant = ${tenant})
      + (SELECT coalesce(sum(size_bytes), 0) FROM model_state JOIN model ON model.id = model_id WHERE model.tenant = ${tenant})
      + (SELECT coalesce(sum(size_bytes), 0) FROM checkpoint JOIN task ON task.id = task_id WHERE task.tenant = ${tenant})
    )::text AS bytes`,
  );
  return Number(row?.bytes ?? 0);
}

export interface WaitingUpload {
  readonly id: string;
  readonly tenant: string;
  readonly sizeBytes: number;
}

export async function insertUpload(tx: Transaction, { id, tenant, sizeBytes }: WaitingUpload): Promise<void> {
  await tx.upload.create({ data: { id, tenant, sizeBytes } });
}

export async function deleteUpload(db: Queryable, tenant: string, id: string): Promise<void> {
  await db.upload.deleteMany({ where: { id, tenant } });
}

/** Forgets uploads older than this that are not among those on the disk. */
export async function deleteUploadsExcept(
  db: Database,
  kept: readonly string[],
  olderThanMs: number,
): Promise<void> {
  await db.$executeRaw`
    DELETE FROM upload WHERE created_at < now() - ${olderThanMs}::float8 * interval '1 ms' AND NOT id = ANY (${kept})`;
}

const storedOf = statement('stored-bytes', { bytes: text });

export async function readStoredBytes(tx: Transaction, datasetId: string): Promise<number> {
  const text = Prisma.sql`SELECT stored_bytes::text AS bytes FROM dataset WHERE id = ${datasetId}`;
  return Number((await storedOf.first(tx, text))?.bytes ?? 0);
}

export async function setStoredBytes(tx: Transaction, datasetId: string, bytes: number): Promise<void> {
  // The dataset may have been deleted in the meantime.
  await tx.dataset.updateMany({ where: { id: datasetId }, data: { storedBytes: bytes } });
}
