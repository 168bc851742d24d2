import type { Handler } from '../handler.js';

export const listJobTrackers: Handler<'listJobTrackers'> = async ({ client, params }) => ({
  status: 200,
  body: await client.listJobTrackers(params.id),
});

export const handOverJob: Handler<'handOverJob'> = async ({ client, params, body }) => ({
  status: 202,
  body: await client.handOverJob(params.id, body),
});
