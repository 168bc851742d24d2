import type { Handler } from '../../operations.js';

export const compareModels: Handler<'compareModels'> = async ({ client, query: { a, b } }) => ({
  status: 200,
  body: await client.compareModels(a, b),
});
