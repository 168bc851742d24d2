import { found } from '../../http/found.js';
import type { Handler } from '../../operations.js';

export const getModel: Handler<'getModel'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.getModel(id), 'model', id),
});
