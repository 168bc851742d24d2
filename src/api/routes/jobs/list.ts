import type { Handler } from '../../operations.js';

export const listJobs: Handler<'listJobs'> = async ({
  client,
  query: { after, limit, state, metadata },
}) => ({
  status: 200,
  body: await client.listJobs({ after, limit, state, metadata }),
});
