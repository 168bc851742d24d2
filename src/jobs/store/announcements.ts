import type { ResourceEvent } from '../../contract/webhooks.js';
import { databaseNow } from './connection/clock.js';
import type { Transaction } from './connection/database.js';
import { queueDelivery } from './webhook-deliveries.js';

/** Queues a message about a resource for every webhook of the tenant that wants it, in the transaction of the change. */
export async function announce(
  tx: Transaction,
  tenant: string,
  type: ResourceEvent,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  const webhooks = await tx.webhook.findMany({
    where: { tenant, events: { array_contains: [type] } },
    select: { id: true },
  });
  if (webhooks.length === 0) return;
  const message = { type, timestamp: (await databaseNow(tx)).toISOString(), data };
  for (const { id } of webhooks) await queueDelivery(tx, { tenant, webhookId: id }, message);
}
