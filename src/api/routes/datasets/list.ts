import type { Handler } from '../../operations.js';

export const listDatasets: Handler<'listDatasets'> = async ({ client, query }) => ({
  status: 200,
  body: await client.listDatasets(query),
});
