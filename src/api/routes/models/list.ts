import type { Handler } from '../../operations.js';

export const listModels: Handler<'listModels'> = async ({ client, query }) => ({
  status: 200,
  body: await client.listModels(query),
});
