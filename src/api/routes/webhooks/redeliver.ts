import type { Handler } from '../../operations.js';

export const redeliverWebhook: Handler<'redeliverWebhook'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.redeliver(id),
});
