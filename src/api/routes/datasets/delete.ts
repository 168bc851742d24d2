import type { Handler } from '../../operations.js';

export const deleteDataset: Handler<'deleteDataset'> = async ({ client, params: { id } }) => {
  await client.deleteDataset(id);
  return { status: 204 };
};
