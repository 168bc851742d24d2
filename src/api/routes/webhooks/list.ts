import type { Handler } from '../../operations.js';

export const listWebhooks: Handler<'listWebhooks'> = async ({ client }) => ({
  status: 200,
  body: await client.listWebhooks(),
});
