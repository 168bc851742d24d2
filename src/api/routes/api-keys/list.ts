import type { Handler } from '../../operations.js';

export const listApiKeys: Handler<'listApiKeys'> = async ({ client }) => ({
  status: 200,
  body: await client.listApiKeys(),
});
