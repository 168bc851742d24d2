import type { Handler } from '../../operations.js';

export const resumeJob: Handler<'resumeJob'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.resumeJob(id),
});
