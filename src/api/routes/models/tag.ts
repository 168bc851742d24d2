import type { Handler } from '../../operations.js';

export const tagModel: Handler<'tagModel'> = async ({ client, params: { id, tag } }) => ({
  status: 200,
  body: await client.tagModel(id, tag),
});
