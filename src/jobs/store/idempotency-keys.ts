import { IDEMPOTENCY_KEPT_HOURS } from '../process/limits.js';
import type { Queryable } from './connection/database.js';
import { wholeNumber } from './connection/literal.js';

/** The use of an idempotency key. Keys of different tenants are independent. */
export function findKey(db: Queryable, { tenant, key }: { readonly tenant: string; readonly key: string }) {
  return db.idempotencyKey.findUnique({ where: { tenant_key: { tenant, key } }, include: { job: true } });
}

export async function deleteOldKeys(db: Queryable): Promise<void> {
  await db.$executeRaw`
    DELETE FROM idempotency_key WHERE created_at < now() - ${wholeNumber(IDEMPOTENCY_KEPT_HOURS)} * interval '1 hour'`;
}
