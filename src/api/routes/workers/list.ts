import type { Handler } from '../../operations.js';

export const listWorkers: Handler<'listWorkers'> = async ({ client }) => ({
  status: 200,
  body: await client.listWorkers(),
});
