import type { Handler } from '../../operations.js';

export const deleteModel: Handler<'deleteModel'> = async ({ client, params: { id } }) => {
  await client.deleteModel(id);
  return { status: 204 };
};
