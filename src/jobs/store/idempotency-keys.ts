import { IDEMPOTENCY_KEPT_HOURS } from '../limits.js';
import type { Queryable, Transaction } from './database.js';

/**
 * Takes a key for `jobId`. A request with the same key that is still under way is waited for: the insert blocks
 * until the other transaction ends.
 * @returns null when the key was free, else what it was used for
 */
export async function takeKey(
  tx: Transaction,
  key: string,
  bodyHash: string,
  jobId: string,
): Promise<{ bodyHash: string; jobId: string } | null> {
  const inserted = await tx.$executeRaw`
    INSERT INTO idempotency_key (key, body_hash, job_id) VALUES (${key}, ${bodyHash}, ${jobId})
    ON CONFLICT (key) DO NOTHING`;
  if (inserted === 1) return null;
  return tx.idempotencyKey.findUniqueOrThrow({ where: { key } });
}

export async function deleteOldKeys(db: Queryable): Promise<void> {
  const before = new Date(Date.now() - IDEMPOTENCY_KEPT_HOURS * 3_600_000);
  await db.idempotencyKey.deleteMany({ where: { createdAt: { lt: before } } });
}
