import { randomBytes } from 'node:crypto';
import type { WebhooksClient } from '../../contract/client/webhooks.js';
import { StrataError } from '../../contract/errors.js';
import { forPurpose } from '../outgoing/target.js';
import { MAX_WEBHOOKS_PER_TENANT } from '../process/limits.js';
import type { Database } from '../store/connection/database.js';
import { newId } from '../store/ids.js';
import { underLimit } from '../store/limits.js';
import { findDeliveries, queueDelivery, restartDelivery } from '../store/webhook-deliveries.js';
import { countWebhooks, deleteWebhook, findWebhook, findWebhooks, insertWebhook } from '../store/webhooks.js';
import { placeAfter } from './cursor.js';
import { checkAddresses, type OutgoingParts } from './outgoing.js';
import { notFound } from './require-job.js';
import { listOf, pageOf } from './views/parts.js';
import { toDelivery, toWebhook } from './views/webhooks.js';

const SECRET_BYTES = 32;

export function webhookMethods(
  db: Database,
  tenant: string,
  { policy, openBox }: OutgoingParts,
): WebhooksClient {
  const requireWebhook = async (id: string) => (await findWebhook(db, tenant, id)) ?? notFound(id);
  return {
    async createWebhook({ url, events }) {
      checkAddresses({ '/url': url }, forPurpose(policy, 'webhook'));
      const id = newId('webhook');
      const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
      const sealed = (await openBox()).seal(secret, id);
      const row = await underLimit(db, 'webhook', tenant, async (tx) => {
        if ((await countWebhooks(tx, tenant)) < MAX_WEBHOOKS_PER_TENANT) {
          return insertWebhook(tx, { id, tenant, url, events, secret: sealed });
        }
        const detail = `The limit is ${MAX_WEBHOOKS_PER_TENANT} webhooks. Delete one first.`;
        throw new StrataError('limit_reached', detail);
      });
      return { ...toWebhook(row), secret };
    },
    async listWebhooks() {
      return listOf((await findWebhooks(db, tenant)).map(toWebhook));
    },
    async getWebhook(id) {
      const row = await findWebhook(db, tenant, id);
      return row && toWebhook(row);
    },
    async deleteWebhook(id) {
      if (!(await deleteWebhook(db, tenant, id))) notFound(id);
    },
    async testWebhook(id) {
      await requireWebhook(id);
      const message = { type: 'webhook.test', timestamp: new Date().toISOString(), data: { webhook_id: id } };
      return toDelivery(await db.$transaction((tx) => queueDelivery(tx, { tenant, webhookId: id }, message)));
    },
    async listWebhookDeliveries(id, { after, limit }) {
      await requireWebhook(id);
      const rows = await findDeliveries(db, id, placeAfter(after, 'delivery'), limit + 1);
      const page = pageOf(rows, limit, (row) => row.id);
      return { ...page, data: page.data.map(toDelivery) };
    },
    async redeliverWebhook(id) {
      const row = await db.$transaction((tx) => restartDelivery(tx, tenant, id));
      return toDelivery(row ?? notFound(id));
    },
  };
}
