import { found } from '../../http/found.js';
import type { Handler } from '../../operations.js';

export const getApiKey: Handler<'getApiKey'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.getApiKey(id), 'API key', id),
});
