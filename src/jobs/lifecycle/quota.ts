import { StrataError } from '../../contract/errors.js';
import type { Queryable, Transaction } from '../store/connection/database.js';
import { lockLimit } from '../store/limits.js';
import { readTenantBytes } from '../store/tenant-bytes.js';

/** Bytes that a tenant may have stored; null: no limit. */
export type Quota = number | null;

/**
 * Holds other requests of the tenant that store bytes until the transaction ends: what was counted stays true. The caller
 * then stores the bytes in the same transaction.
 * @throws StrataError quota_reached where the tenant would have more than its quota
 */
export async function takeBytes(tx: Transaction, quota: Quota, tenant: string, bytes: number): Promise<void> {
  if (quota === null) return;
  await lockLimit(tx, 'bytes', tenant);
  const stored = await readTenantBytes(tx, tenant);
  if (stored + bytes > quota) throw quotaReached(stored, quota, bytes);
}

/** @returns the bytes that are left, of which at least one is. @throws StrataError quota_reached */
export async function requireBytesLeft(db: Queryable, quota: Quota, tenant: string): Promise<number> {
  if (quota === null) return Number.POSITIVE_INFINITY;
  const stored = await readTenantBytes(db, tenant);
  if (stored >= quota) throw quotaReached(stored, quota);
  return quota - stored;
}

export function quotaReached(stored: number, quota: number, bytes?: number): StrataError {
  const asked = bytes === undefined ? '' : ` ${bytes} more do not fit.`;
  return new StrataError('quota_reached', `${stored} of ${quota} bytes are stored.${asked}`);
}
