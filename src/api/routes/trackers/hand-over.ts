import type { Handler } from '../../operations.js';

export const handOverJob: Handler<'handOverJob'> = async ({ client, params, body }) => ({
  status: 202,
  body: await client.handOverJob(params.id, body),
});
