import type { Handler } from '../../operations.js';

export const cancelJob: Handler<'cancelJob'> = async ({ client, params: { id }, body }) => ({
  status: 202,
  body: await client.cancelJob(id, { force: body.force ?? false }),
});
