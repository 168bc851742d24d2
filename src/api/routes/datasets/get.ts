import { found } from '../../http/found.js';
import type { Handler } from '../../operations.js';

export const getDataset: Handler<'getDataset'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.getDataset(id), 'dataset', id),
});
