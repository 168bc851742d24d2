import type { Handler } from '../../operations.js';

export const createApiKey: Handler<'createApiKey'> = async ({ client, body }) => {
  const key = await client.createApiKey(body);
  // No cache between here and the caller may keep the secret.
  return { status: 201, headers: { location: key.links.self, 'cache-control': 'no-store' }, body: key };
};
