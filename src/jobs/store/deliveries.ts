import { int, type RowOf, text } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { Prisma } from './generated/client.js';
import { endLease, type Fence, giveBack } from './leases.js';

/** The tables of what is sent to others: an outbox, whose rows are written with what happened and sent later. */
export type OutboxTable = 'webhook_delivery' | 'tracker_export' | 'model_push';

/** A row that is this process's to send, until its lease is over. */
export const CLAIMED_DELIVERY = {
  id: text,
  attempt: int,
  tenant: text,
  /** Since it was asked for, this one included. */
  attempts: int,
  /** Attempts lost with their dispatcher. */
  losses: int,
};
export type ClaimedDelivery = RowOf<typeof CLAIMED_DELIVERY>;

/** Failure of an attempt. */
export interface DeliveryFailure {
  /** Fit for the user who named the target. */
  readonly error: string;
  /** Pause before the next attempt; null after the last one. */
  readonly retryMs: number | null;
}

/** Records a failed attempt. @returns false for a stale one, which changes nothing */
export function recordDeliveryFailure(
  db: Queryable,
  table: OutboxTable,
  fence: Fence,
  { error, retryMs }: DeliveryFailure,
  more: Prisma.Sql = Prisma.empty,
): Promise<boolean> {
  const said = Prisma.sql`error = ${error} ${more}`;
  return retryMs === null
    ? endLease(db, table, fence, Prisma.sql`state = 'failed', finished_at = now(), ${said}`)
    : giveBack(db, table, fence, retryMs, said);
}

/** Gives an attempt back that has not ended, as a stopping dispatcher does: it is not counted. */
export function releaseDelivery(db: Queryable, table: OutboxTable, fence: Fence): Promise<boolean> {
  return giveBack(db, table, fence, 0, Prisma.sql`attempts = attempts - 1`);
}

/** Records that it arrived. @returns false for a stale attempt, which changes nothing */
export function recordDelivered(
  db: Queryable,
  table: OutboxTable,
  fence: Fence,
  more: Prisma.Sql = Prisma.empty,
): Promise<boolean> {
  return endLease(
    db,
    table,
    fence,
    Prisma.sql`state = 'succeeded', error = NULL, finished_at = now() ${more}`,
  );
}
