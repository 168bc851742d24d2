import { canonicalHash } from '../../http/canonical.js';
import type { Handler } from '../../operations.js';

export const createJob: Handler<'createJob'> = async ({ client, query, headers, body, traceparent }) => {
  if (query.dry_run) {
    const { job } = await client.createJob(body, { dryRun: true });
    return { status: 200, body: job };
  }
  const idempotencyKey = headers['idempotency-key'];
  const key = idempotencyKey === undefined ? {} : { idempotencyKey, bodyHash: canonicalHash(body) };
  const { job, replayed } = await client.createJob(body, { ...key, traceparent });
  const replay = replayed ? { 'idempotency-replayed': 'true' } : {};
  return { status: 201, headers: { location: job.links.self, ...replay }, body: job };
};
