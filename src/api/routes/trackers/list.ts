import type { Handler } from '../../operations.js';

export const listJobTrackers: Handler<'listJobTrackers'> = async ({ client, params }) => ({
  status: 200,
  body: await client.listJobTrackers(params.id),
});
