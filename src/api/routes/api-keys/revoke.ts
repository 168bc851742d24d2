import type { Handler } from '../../operations.js';

export const revokeApiKey: Handler<'revokeApiKey'> = async ({ client, params: { id } }) => {
  await client.revokeApiKey(id);
  return { status: 204 };
};
