import type { Handler } from '../../operations.js';

export const listJobTasks: Handler<'listJobTasks'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.listTasks(id),
});
