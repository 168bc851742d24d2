import { canonicalHash } from '../../http/canonical.js';
import type { Handler } from '../../operations.js';

/** Those of POST /plans. */
const LAYOUT_DEFAULTS = { devices: null, device_memory_bytes: null, link_bytes_per_second: 125_000_000 };

export const createJob: Handler<'createJob'> = async ({ client, query, headers, body, traceparent }) => {
  if (query.dry_run) {
    const { job } = await client.createJob(body, { dryRun: true });
    const prediction = await client.createPlan({ job: body, ...LAYOUT_DEFAULTS });
    return { status: 200, body: { ...job, prediction } };
  }
  const idempotencyKey = headers['idempotency-key'];
  const key = idempotencyKey === undefined ? {} : { idempotencyKey, bodyHash: canonicalHash(body) };
  const { job, replayed } = await client.createJob(body, { ...key, traceparent });
  const replay = replayed ? { 'idempotency-replayed': 'true' } : {};
  return { status: 201, headers: { location: job.links.self, ...replay }, body: job };
};
