import type { Handler } from '../../operations.js';

export const createWebhook: Handler<'createWebhook'> = async ({ client, body }) => {
  const webhook = await client.createWebhook(body);
  // No cache between here and the caller may keep the secret.
  return {
    status: 201,
    headers: { location: webhook.links.self, 'cache-control': 'no-store' },
    body: webhook,
  };
};
