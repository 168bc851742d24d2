import { found } from '../../http/found.js';
import type { Handler } from '../../operations.js';

export const getJob: Handler<'getJob'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.getJob(id), 'job', id),
});
