import { DELIVERY_KEPT_DAYS } from '../process/limits.js';
import { type Queryable, type Transaction, toJson } from './connection/database.js';
import { notify } from './connection/notify.js';
import { newId } from './ids.js';

/** What a webhook is told: a message by the Standard Webhooks specification. */
export interface Message {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Writes a delivery of each message for each webhook of the tenant that asked for its type: the outbox. In the
 * transaction of what happened, so that both or neither are stored.
 */
export async function queueMessages(
  tx: Transaction,
  tenant: string,
  messages: readonly Message[],
): Promise<void> {
  for (const message of messages) {
    const where = { tenant, events: { array_contains: [message.type] } };
    const webhooks = await tx.webhook.findMany({ where, select: { id: true } });
    for (const { id } of webhooks) await queueDelivery(tx, id, message);
  }
}

/** To be sent as soon as a dispatcher comes to it. */
export async function queueDelivery(tx: Transaction, webhookId: string, message: Message) {
  const row = await tx.webhookDelivery.create({
    data: { id: newId('delivery'), webhookId, type: message.type, message: toJson(message) },
  });
  await notify(tx, 'strata_dispatch');
  return row;
}

/** A delivery that is this process's to send, until its claim runs out. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly webhookId: string;
  readonly message: Message;
  /** This one included: the fence of what is recorded about it. */
  readonly attempts: number;
  readonly url: string;
  /** Sealed. */
  readonly secret: string;
}

/** Takes deliveries that are due; one whose sender dies is due again after `claimMs`. */
export function claimDueDeliveries(
  db: Queryable,
  limit: number,
  claimMs: number,
): Promise<ClaimedDelivery[]> {
  return db.$queryRaw`
    UPDATE webhook_delivery AS delivery
    SET attempts = attempts + 1, due_at = now() + ${claimMs} * interval '1 millisecond'
    FROM webhook
    WHERE webhook.id = delivery.webhook_id AND delivery.id IN (
      SELECT id FROM webhook_delivery WHERE state = 'pending' AND due_at <= now()
      ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
    RETURNING delivery.id, delivery.webhook_id AS "webhookId", delivery.message, delivery.attempts,
      webhook.url, webhook.secret`;
}

/** How an attempt ended. */
export interface DeliveryOutcome {
  /** Of the HTTP answer, if there was one. */
  readonly status: number | null;
  readonly error: string | null;
  /** Until the next attempt; null after the last. */
  readonly retryMs: number | null;
}

/** Records an attempt; nothing if another sender has taken the delivery over, or somebody asked for it anew. */
export async function recordDelivery(
  db: Queryable,
  { id, attempts }: Pick<ClaimedDelivery, 'id' | 'attempts'>,
  { status, error, retryMs }: DeliveryOutcome,
): Promise<void> {
  const state = error === null ? 'succeeded' : retryMs === null ? 'failed' : 'pending';
  await db.$executeRaw`
    UPDATE webhook_delivery
    SET state = ${state}, status = ${status}, error = ${error},
      due_at = now() + ${retryMs ?? 0} * interval '1 millisecond',
      finished_at = CASE WHEN ${state} = 'pending' THEN NULL ELSE now() END
    WHERE id = ${id} AND attempts = ${attempts} AND state = 'pending'`;
}

/** Sends it from the beginning, whatever became of it. @returns null where the tenant has no such delivery */
export async function restartDelivery(tx: Transaction, tenant: string, id: string) {
  const own = await tx.webhookDelivery.findFirst({
    where: { id, webhook: { tenant } },
    select: { id: true },
  });
  if (own === null) return null;
  await notify(tx, 'strata_dispatch');
  return tx.webhookDelivery.update({
    where: { id },
    data: { state: 'pending', attempts: 0, dueAt: new Date(0), finishedAt: null, status: null, error: null },
  });
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
  const before = new Date(Date.now() - DELIVERY_KEPT_DAYS * 86_400_000);
  await db.webhookDelivery.deleteMany({ where: { finishedAt: { lt: before } } });
}
