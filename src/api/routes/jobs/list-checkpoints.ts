import type { Handler } from '../../operations.js';

export const listJobCheckpoints: Handler<'listJobCheckpoints'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.listCheckpoints(id),
});
