import { IDEMPOTENCY_KEPT_HOURS } from '../limits.js';
import type { Queryable, Transaction } from './database.js';

/** A key is its tenant's own: another's says nothing about it. */
export interface OwnedKey {
  readonly tenant: string;
  readonly key: string;
}

/**
 * Takes a key for `jobId`. A request with the same key that is still under way is waited for: the insert blocks
 * until the other transaction ends.
 * @returns null when the key was free, else what it was used for
 */
export async function takeKey(
  tx: Transaction,
  { tenant, key }: OwnedKey,
  bodyHash: string,
  jobId: string,
): Promise<{ bodyHash: string; jobId: string } | null> {
  const inserted = await tx.$executeRaw`
    INSERT INTO idempotency_key (tenant, key, body_hash, job_id) VALUES (${tenant}, ${key}, ${bodyHash}, ${jobId})
    ON CONFLICT (tenant, key) DO NOTHING`;
  if (inserted === 1) return null;
  return tx.idempotencyKey.findUniqueOrThrow({ where: { tenant_key: { tenant, key } } });
}

export async function deleteOldKeys(db: Queryable): Promise<void> {
  await db.$executeRaw`
    DELETE FROM idempotency_key WHERE created_at < now() - ${IDEMPOTENCY_KEPT_HOURS} * interval '1 hour'`;
}
