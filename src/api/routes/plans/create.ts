import type { Handler } from '../../operations.js';

export const createPlan: Handler<'createPlan'> = async ({ client, body }) => ({
  status: 200,
  body: await client.createPlan(body),
});
