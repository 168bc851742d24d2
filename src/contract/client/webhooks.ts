import type { components } from '../generated/openapi.js';

type Schemas = components['schemas'];

/** One tenant's webhooks and their deliveries. */
export interface WebhooksClient {
  /** The signing secret is returned only here. @throws forbidden_target, limit_reached */
  createWebhook(request: Schemas['WebhookRequest']): Promise<Schemas['CreatedWebhook']>;
  listWebhooks(): Promise<Schemas['WebhookList']>;
  getWebhook(id: string): Promise<Schemas['Webhook'] | null>;
  /** @throws not_found */
  deleteWebhook(id: string): Promise<void>;
  /** @throws not_found */
  testWebhook(id: string): Promise<Schemas['WebhookDelivery']>;
  /** Newest first. @throws not_found */
  listWebhookDeliveries(
    id: string,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Schemas['WebhookDeliveryList']>;
  /** @param id the id of a delivery. @throws not_found */
  redeliverWebhook(id: string): Promise<Schemas['WebhookDelivery']>;
}
