import type { Database, Transaction } from './connection/database.js';

/** Rows that a tenant may have a certain number of. */
export type LimitedKind =
  | 'api-key'
  | 'batch-prediction'
  | 'bytes'
  | 'dataset'
  | 'evaluation'
  | 'profile'
  | 'reproduction'
  | 'sweep'
  | 'webhook'
  | 'weights';

/**
 * Runs `change`, which counts a tenant's rows and adds one, alone among those of its kind and tenant: counted side by
 * side, many requests would all see the last free place.
 */
export function underLimit<T>(
  db: Database,
  kind: LimitedKind,
  tenant: string,
  change: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return db.$transaction(async (tx) => {
    await lockLimit(tx, kind, tenant);
    return change(tx);
  });
}

/** Makes this transaction the only one that counts rows of the kind and tenant, until it ends. */
export async function lockLimit(tx: Transaction, kind: LimitedKind, tenant: string): Promise<void> {
  const name = `limit ${kind} ${tenant}`;
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
}
