import type { WebhooksClient } from '../../../src/contract/client/webhooks.js';
import { StrataError } from '../../../src/contract/errors.js';
import { complete, deliveryOf, webhookOf } from '../fixtures.js';

export class FakeWebhooks implements WebhooksClient {
  readonly rows = new Map<string, ReturnType<typeof webhookOf>>();
  readonly deliveries = new Map<string, ReturnType<typeof deliveryOf>>();

  async createWebhook({ url, events }: Parameters<WebhooksClient['createWebhook']>[0]) {
    const webhook = webhookOf(`webhook_${this.rows.size + 1}`, url, events);
    this.rows.set(webhook.id, webhook);
    return { ...webhook, secret: 'whsec_c2VjcmV0' };
  }

  async listWebhooks() {
    return complete([...this.rows.values()]);
  }

  async getWebhook(id: string) {
    return this.rows.get(id) ?? null;
  }

  async deleteWebhook(id: string) {
    if (!this.rows.delete(id)) throw new StrataError('not_found', `There is no webhook ${id}.`);
  }

  async testWebhook(id: string) {
    if (!this.rows.has(id)) throw new StrataError('not_found', `There is no webhook ${id}.`);
    const delivery = deliveryOf(`delivery_${this.deliveries.size + 1}`, id);
    this.deliveries.set(delivery.id, delivery);
    return delivery;
  }

  async listWebhookDeliveries(id: string) {
    if (!this.rows.has(id)) throw new StrataError('not_found', `There is no webhook ${id}.`);
    return complete([...this.deliveries.values()]);
  }

  async redeliverWebhook(id: string) {
    const delivery = this.deliveries.get(id);
    if (!delivery) throw new StrataError('not_found', `There is no delivery ${id}.`);
    return delivery;
  }
}
