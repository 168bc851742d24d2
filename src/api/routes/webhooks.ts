import type { Handler } from '../handler.js';
import { found } from '../http/found.js';

export const createWebhook: Handler<'createWebhook'> = async ({ client, body }) => {
  const webhook = await client.webhooks.createWebhook(body);
  // No cache between server and caller may store the secret.
  return {
    status: 201,
    headers: { location: webhook.links.self, 'cache-control': 'no-store' },
    body: webhook,
  };
};

export const deleteWebhook: Handler<'deleteWebhook'> = async ({ client, params: { id } }) => {
  await client.webhooks.deleteWebhook(id);
  return { status: 204 };
};

export const getWebhook: Handler<'getWebhook'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.webhooks.getWebhook(id), 'webhook', id),
});

export const listWebhookDeliveries: Handler<'listWebhookDeliveries'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.webhooks.listWebhookDeliveries(params.id, { after: query.after, limit: query.limit }),
});

export const listWebhooks: Handler<'listWebhooks'> = async ({ client }) => ({
  status: 200,
  body: await client.webhooks.listWebhooks(),
});

export const redeliverWebhook: Handler<'redeliverWebhook'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.webhooks.redeliverWebhook(id),
});

export const testWebhook: Handler<'testWebhook'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.webhooks.testWebhook(id),
});
