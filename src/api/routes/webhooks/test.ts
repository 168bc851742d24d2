import type { Handler } from '../../operations.js';

export const testWebhook: Handler<'testWebhook'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.testWebhook(id),
});
