import type { Handler } from '../handler.js';

export const listJobTrackers: Handler<'listJobTrackers'> = async ({ client, params }) => ({
  status: 200,
  body: await client.jobs.listJobTrackers(params.id),
});

export const handOverJob: Handler<'handOverJob'> = async ({ client, params, body }) => ({
  status: 202,
  body: await client.jobs.handOverJob(params.id, body),
});
