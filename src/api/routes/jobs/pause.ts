import type { Handler } from '../../operations.js';

export const pauseJob: Handler<'pauseJob'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.pauseJob(id),
});
