import { found } from '../../http/found.js';
import type { Handler } from '../../operations.js';

export const getWebhook: Handler<'getWebhook'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.getWebhook(id), 'webhook', id),
});
