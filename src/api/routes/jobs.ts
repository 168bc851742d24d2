import type { TenantClient } from '../../contract/client/tenant.js';
import { within } from '../../contract/within.js';
import type { Handler } from '../handler.js';
import { canonicalHash } from '../http/canonical.js';
import { found } from '../http/found.js';

/** Defaults of POST /plans. */
const LAYOUT_DEFAULTS = {
  devices: null,
  device_memory_bytes: null,
  link_bytes_per_second: null,
  link_round_trip_seconds: null,
};

export const createJob: Handler<'createJob'> = async ({
  client,
  query,
  headers,
  body,
  sent,
  traceparent,
  caller,
}) => {
  if (query.dry_run) {
    const { job } = await client.jobs.createJob(body, { sent, dryRun: true });
    const prediction = await client.plans.createPlan({ job: body, ...LAYOUT_DEFAULTS });
    return { status: 200, body: { ...job, prediction } };
  }
  const idempotencyKey = headers['idempotency-key'];
  const key = idempotencyKey === undefined ? {} : { idempotencyKey, bodyHash: canonicalHash(body) };
  const actor = caller.principal.keyId;
  const { job, replayed } = await client.jobs.createJob(body, { ...key, sent, traceparent, actor });
  const replay = replayed ? { 'idempotency-replayed': 'true' } : {};
  return { status: 201, headers: { location: job.links.self, ...replay }, body: job };
};

export const extendJob: Handler<'extendJob'> = async ({
  client,
  params: { id },
  headers,
  body,
  traceparent,
  caller,
}) => {
  const { epochs, schedule = 'continue' } = body;
  const idempotencyKey = headers['idempotency-key'];
  const bodyHash = canonicalHash({ extends: id, epochs, schedule });
  const { job, replayed } = await client.jobs.extendJob(
    id,
    { epochs, schedule },
    { idempotencyKey, bodyHash, traceparent, actor: caller.principal.keyId },
  );
  const replay = replayed ? { 'idempotency-replayed': 'true' } : {};
  return { status: 201, headers: { location: job.links.self, ...replay }, body: job };
};

export const cancelJob: Handler<'cancelJob'> = async ({ client, params: { id }, body }) => ({
  status: 202,
  body: await client.jobs.cancelJob(id, { force: body.force ?? false }),
});

export const deleteJob: Handler<'deleteJob'> = async ({ client, params: { id } }) => {
  await client.jobs.deleteJob(id);
  return { status: 204 };
};

export const getJob: Handler<'getJob'> = async ({ client, closing, params: { id }, query: { wait } }) => {
  if (wait > 0) await ended(client, id, within(wait * 1000, closing));
  return { status: 200, body: found(await client.jobs.getJob(id), 'job', id) };
};

/** Resolves when the job has ended or `signal` aborts. */
async function ended({ jobs }: TenantClient, id: string, signal: AbortSignal): Promise<void> {
  // No event has this number, so the loop only waits for the end of the job.
  for await (const _ of jobs.followJobEvents(id, Number.MAX_SAFE_INTEGER, signal));
}

export const listJobCheckpoints: Handler<'listJobCheckpoints'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.jobs.listJobCheckpoints(id),
});

export const listJobAttempts: Handler<'listJobAttempts'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.jobs.listJobAttempts(id),
});

export const getJobUsage: Handler<'getJobUsage'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.jobs.getJobUsage(id),
});

export const listJobTasks: Handler<'listJobTasks'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.jobs.listJobTasks(id),
});

export const listJobs: Handler<'listJobs'> = async ({
  client,
  query: { created_after: after, created_before: before, ...filter },
}) => ({
  status: 200,
  body: await client.jobs.listJobs({
    ...filter,
    ...(after !== undefined && { createdAfter: new Date(after) }),
    ...(before !== undefined && { createdBefore: new Date(before) }),
  }),
});

export const updateJob: Handler<'updateJob'> = async ({ client, params: { id }, body }) => ({
  status: 200,
  body: await client.jobs.updateJob(id, body),
});

export const pauseJob: Handler<'pauseJob'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.jobs.pauseJob(id),
});

export const resumeJob: Handler<'resumeJob'> = async ({ client, params: { id } }) => ({
  status: 202,
  body: await client.jobs.resumeJob(id),
});
