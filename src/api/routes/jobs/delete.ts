import type { Handler } from '../../operations.js';

export const deleteJob: Handler<'deleteJob'> = async ({ client, params: { id } }) => {
  await client.deleteJob(id);
  return { status: 204 };
};
