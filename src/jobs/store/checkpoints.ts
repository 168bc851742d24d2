import type { BlobUri, TaskCheckpoint } from '../../contract/trainer-protocol.js';
import type { Transaction } from './connection/database.js';
import type { Fence } from './leases.js';

/** Replaces the last checkpoint of the task. The caller has verified that the attempt is the current one. */
export async function saveCheckpoint(
  tx: Transaction,
  { id, attempt }: Fence,
  { uri, size_bytes, step, share }: TaskCheckpoint,
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO checkpoint (task_id, attempt, step, share, uri, size_bytes, created_at)
    VALUES (${id}, ${attempt}, ${step}, ${share}, ${uri}, ${size_bytes}, clock_timestamp())
    ON CONFLICT (task_id) DO UPDATE SET attempt = excluded.attempt, step = excluded.step, share = excluded.share,
      uri = excluded.uri, size_bytes = excluded.size_bytes, created_at = excluded.created_at`;
}

export async function findCheckpoint(
  tx: Transaction,
  taskId: string,
): Promise<{ readonly uri: BlobUri; readonly step: number; readonly share: number } | null> {
  const row = await tx.checkpoint.findUnique({ where: { taskId } });
  return row && { uri: row.uri, step: row.step, share: row.share };
}

/** After this, the next attempt starts the task from its beginning. */
export async function deleteCheckpoint(tx: Transaction, taskId: string): Promise<void> {
  await tx.checkpoint.deleteMany({ where: { taskId } });
}

/** The checkpoints of a job, by task key. */
export async function findCheckpoints(
  tx: Transaction,
  jobId: string,
): Promise<{ readonly key: string; readonly uri: BlobUri; readonly sizeBytes: number }[]> {
  const rows = await tx.checkpoint.findMany({
    where: { task: { jobId } },
    select: { uri: true, sizeBytes: true, task: { select: { key: true } } },
    orderBy: { task: { position: 'asc' } },
  });
  return rows.map(({ uri, sizeBytes, task }) => {
    return { key: task.key, uri, sizeBytes: Number(sizeBytes) };
  });
}
