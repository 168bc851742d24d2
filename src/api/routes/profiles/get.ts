import { found } from '../../http/found.js';
import type { Handler } from '../../operations.js';

export const getProfile: Handler<'getProfile'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.getProfile(id), 'profile', id),
});
