import type { Handler } from '../../operations.js';

export const deleteWebhook: Handler<'deleteWebhook'> = async ({ client, params: { id } }) => {
  await client.deleteWebhook(id);
  return { status: 204 };
};
