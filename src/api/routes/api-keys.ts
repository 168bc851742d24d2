import type { Handler } from '../handler.js';
import { found } from '../http/found.js';

export const createApiKey: Handler<'createApiKey'> = async ({ client, body }) => {
  const key = await client.apiKeys.createApiKey(body);
  // No cache between server and caller may store the secret.
  return { status: 201, headers: { location: key.links.self, 'cache-control': 'no-store' }, body: key };
};

export const getApiKey: Handler<'getApiKey'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.apiKeys.getApiKey(id), 'API key', id),
});

export const listApiKeys: Handler<'listApiKeys'> = async ({ client }) => ({
  status: 200,
  body: await client.apiKeys.listApiKeys(),
});

export const revokeApiKey: Handler<'revokeApiKey'> = async ({ client, params: { id } }) => {
  await client.apiKeys.revokeApiKey(id);
  return { status: 204 };
};
