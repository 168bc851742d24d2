import { IDEMPOTENCY_KEPT_HOURS } from '../process/limits.js';
import type { Queryable } from './connection/database.js';

/** What a key of the tenant's was used for. A key is its tenant's own: another's says nothing about it. */
export function findKey(db: Queryable, { tenant, key }: { readonly tenant: string; readonly key: string }) {
  return db.idempotencyKey.findUnique({ where: { tenant_key: { tenant, key } }, include: { job: true } });
}

export async function deleteOldKeys(db: Queryable): Promise<void> {
  await db.$executeRaw`
    DELETE FROM idempotency_key WHERE created_at < now() - ${IDEMPOTENCY_KEPT_HOURS} * interval '1 hour'`;
}
