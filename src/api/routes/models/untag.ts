import type { Handler } from '../../operations.js';

export const untagModel: Handler<'untagModel'> = async ({ client, params: { id, tag } }) => {
  await client.untagModel(id, tag);
  return { status: 204 };
};
