import type { components } from '../../../contract/generated/openapi.js';
import type * as Rows from '../../store/rows.js';

type Schemas = components['schemas'];

export function toWebhook(row: Rows.Webhook): Schemas['Webhook'] {
  const self = `/webhooks/${row.id}`;
  return {
    id: row.id,
    object: 'webhook',
    url: row.url,
    events: row.events,
    created_at: row.createdAt.toISOString(),
    links: { self, deliveries: `${self}/deliveries`, test: `${self}/test` },
  };
}

export function toDelivery(row: Rows.WebhookDelivery): Schemas['WebhookDelivery'] {
  return {
    id: row.id,
    object: 'webhook_delivery',
    webhook_id: row.webhookId,
    type: row.type,
    state: row.state,
    attempts: row.attempts,
    status: row.status,
    error: row.error,
    created_at: row.createdAt.toISOString(),
    next_attempt_at: row.state === 'pending' && row.leaseUntil === null ? row.dueAt.toISOString() : null,
    finished_at: row.finishedAt?.toISOString() ?? null,
    message: row.message,
    links: { webhook: `/webhooks/${row.webhookId}`, redeliver: `/webhook-deliveries/${row.id}/redeliver` },
  };
}
