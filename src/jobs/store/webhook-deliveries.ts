import { DELIVERY_KEPT_DAYS } from '../process/limits.js';
import { COLUMNS, type Message } from './columns.js';
import { type RowOf, text } from './connection/column.js';
import { type Database, type Queryable, type Transaction, toJson } from './connection/database.js';
import { wholeNumber } from './connection/literal.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import {
  CLAIMED_DELIVERY,
  type DeliveryFailure,
  recordDelivered,
  recordDeliveryFailure,
} from './deliveries.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { type Fence, TAKEABLE, taken } from './leases.js';
import { type SharedPlace, takeInTurn } from './turns.js';

export type { Message } from './columns.js';

/** Queues a delivery. A dispatcher sends it soon. */
export async function queueDelivery(
  tx: Transaction,
  to: { readonly tenant: string; readonly webhookId: string },
  message: Message,
) {
  const row = await tx.webhookDelivery.create({
    data: { id: newId('delivery'), ...to, type: message.type, message: toJson(message) },
  });
  notify(tx, 'strata_dispatch');
  return row;
}

/** A delivery that is this process's to send, until its lease is over. */
const CLAIMED_MESSAGE = {
  ...CLAIMED_DELIVERY,
  webhookId: text,
  message: COLUMNS.webhookDelivery.message,
  url: text,
  /** Encrypted. */
  secret: text,
};
export type ClaimedMessage = RowOf<typeof CLAIMED_MESSAGE>;
const claimed = statement('claim-delivery', CLAIMED_MESSAGE);

/** One slow receiver holds two places, and a tenant with many of them eight, of those of all dispatchers. */
const PLACE: SharedPlace = {
  name: 'delivery',
  table: 'webhook_delivery',
  open: Prisma.sql`state = 'pending'`,
  lane: ['tenant', 'webhook_id'],
  tenantMax: 8,
  laneMax: 2,
};

/** Takes the delivery whose turn it is; null where none is due. */
export function claimDelivery(db: Database, leaseMs: number): Promise<ClaimedMessage | null> {
  return takeInTurn(db, PLACE, (id) =>
    claimed.first(
      db,
      Prisma.sql`
      UPDATE webhook_delivery AS delivery SET ${taken(leaseMs)}, attempts = attempts + 1
      FROM webhook
      WHERE webhook.id = delivery.webhook_id AND delivery.id = ${id} AND state = 'pending' AND ${TAKEABLE}
      RETURNING delivery.id, attempt, delivery.tenant, attempts, losses, webhook_id AS "webhookId", message,
        webhook.url, webhook.secret`,
    ),
  );
}

export function recordMessageArrived(db: Queryable, fence: Fence, status: number): Promise<boolean> {
  return recordDelivered(db, 'webhook_delivery', fence, Prisma.sql`, status = ${status}`);
}

/** @param status of the HTTP answer, if there was one */
export function recordMessageFailure(
  db: Queryable,
  fence: Fence,
  status: number | null,
  failure: DeliveryFailure,
): Promise<boolean> {
  return recordDeliveryFailure(db, 'webhook_delivery', fence, failure, Prisma.sql`, status = ${status}`);
}

/**
 * Sends it from the beginning, whatever became of it: an attempt under way counts no more.
 * @returns null where the tenant has no such delivery
 */
export async function restartDelivery(tx: Transaction, tenant: string, id: string) {
  const count = await tx.$executeRaw`
    UPDATE webhook_delivery SET state = 'pending', attempt = attempt + 1, attempts = 0, losses = 0, lease_until = NULL,
      due_at = now(), finished_at = NULL, status = NULL, error = NULL
    WHERE id = ${id} AND tenant = ${tenant}`;
  if (count === 0) return null;
  notify(tx, 'strata_dispatch');
  return tx.webhookDelivery.findUniqueOrThrow({ where: { id } });
}

/** Newest first. */
export function findDeliveries(db: Queryable, webhookId: string, after: string | null, limit: number) {
  return db.webhookDelivery.findMany({
    where: { webhookId, ...(after && { id: { lt: after } }) },
    orderBy: { id: 'desc' },
    take: limit,
  });
}

export async function deleteOldDeliveries(db: Queryable): Promise<void> {
  await db.$executeRaw`
    DELETE FROM webhook_delivery WHERE finished_at < now() - ${wholeNumber(DELIVERY_KEPT_DAYS)} * interval '1 day'`;
}
