import type { Handler } from '../../operations.js';

export const updateModel: Handler<'updateModel'> = async ({ client, params: { id }, body }) => ({
  status: 200,
  body: await client.updateModel(id, body),
});
