import type { Handler } from '../../operations.js';

export const listWebhookDeliveries: Handler<'listWebhookDeliveries'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.listWebhookDeliveries(params.id, { after: query.after, limit: query.limit }),
});
