import type { Handler } from '../../operations.js';

export const listModelTagChanges: Handler<'listModelTagChanges'> = async ({ client, params, query }) => ({
  status: 200,
  body: await client.listTagChanges(params.id, { after: query.after, limit: query.limit }),
});
