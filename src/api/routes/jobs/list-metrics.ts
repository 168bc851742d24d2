import type { Handler } from '../../operations.js';

export const listJobMetrics: Handler<'listJobMetrics'> = async ({ client, params: { id }, query }) => ({
  status: 200,
  body: await client.listMetrics(id, { names: query.name, stage: query.stage, points: query.points }),
});
