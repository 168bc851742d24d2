import pg from 'pg';
import type { BlobUri } from '../../contract/trainer-protocol.js';
import { isWebhookEvent } from '../../contract/webhooks.js';
import { newId } from '../ids.js';
import type { Database } from './database.js';
import type { NewEvent } from './events.js';
import { prepare } from './prepared.js';
import type { SealedTracker } from './tracker-exports.js';

export interface NewJob {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly metadata: object;
  readonly priority: number;
  readonly datasetId: string;
  readonly spec: object;
  readonly plan: object;
  /** W3C traceparent of the request that creates it. */
  readonly traceparent: string | null;
  /** Blobs of another job's weights that it starts from. */
  readonly initial: readonly BlobUri[] | null;
}

/** An Idempotency-Key to take for the job. */
export interface WantedKey {
  readonly key: string;
  readonly bodyHash: string;
}

// One statement, so one round trip and one commit. An idempotency key that is being taken by another request is waited for.
// A tenant's webhooks are told in the same transaction (webhook-deliveries.ts); their ids differ in the last two digits.
const insert = prepare<{ createdAt: Date }>(
  'insert-job',
  `WITH taken AS (
    INSERT INTO idempotency_key (tenant, key, body_hash, job_id)
    SELECT $2, $9, $10, $1 WHERE $9::text IS NOT NULL
    ON CONFLICT (tenant, key) DO NOTHING RETURNING job_id
  ), added AS (
    INSERT INTO job (id, tenant, name, metadata, state, priority, dataset_id, spec, plan, traceparent, initial,
      event_seq)
    SELECT $1, $2, $3, $4::jsonb, 'queued', $5, $6, $7::jsonb, $8::jsonb, $17, $18::jsonb, 1
    WHERE $9::text IS NULL OR EXISTS (SELECT FROM taken)
    RETURNING id, created_at
  ), told AS (
    INSERT INTO event (job_id, seq, level, type, message, data)
    SELECT id, 1, $11, $12, $13, $14::jsonb FROM added
    RETURNING *, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time
  ), delivered AS (
    INSERT INTO webhook_delivery (id, webhook_id, type, message)
    SELECT left($15, -2) || lpad(to_hex(row_number() OVER (ORDER BY webhook.id)), 2, '0'), webhook.id, told.type,
      jsonb_build_object('type', told.type, 'timestamp', time, 'data', jsonb_build_object('job_id', job_id,
        'event', jsonb_build_object('seq', seq, 'at', time, 'level', level, 'type', told.type, 'message', message,
          'data', data)))
    FROM told JOIN webhook ON webhook.tenant = $2 AND webhook.events @> to_jsonb(told.type) AND $16::boolean
  ), tracked AS (
    INSERT INTO tracker_export (id, job_id, type, tracking_uri, experiment, "authorization")
    SELECT tracker.id, added.id, tracker.type, "trackingUri", experiment, "authorization"
    FROM added, jsonb_to_recordset($19::jsonb)
      AS tracker (id text, type text, "trackingUri" text, experiment text, "authorization" text)
  )
  SELECT created_at AS "createdAt" FROM added`,
);

/**
 * Stores a job with its first event, its idempotency key, what webhooks are told and its trackers, all or nothing.
 * @returns when it was created; null where the key was taken: nothing is stored then
 */
export async function insertJob(
  db: Database,
  job: NewJob,
  { type, message, level = 'info', data = {} }: NewEvent,
  { key: wanted, trackers }: { key: WantedKey | null; trackers: readonly SealedTracker[] },
): Promise<Date | null> {
  const { id, tenant, name, metadata, priority, datasetId, spec, plan, traceparent, initial } = job;
  const rows = await insert(db, [
    ...[id, tenant, name, JSON.stringify(metadata), priority, datasetId],
    ...[JSON.stringify(spec), JSON.stringify(plan), wanted?.key ?? null, wanted?.bodyHash ?? null],
    ...[level, type, message, JSON.stringify(data), newId('delivery'), isWebhookEvent(type)],
    ...[traceparent, initial && JSON.stringify(initial), JSON.stringify(trackers)],
  ]);
  return rows[0]?.createdAt ?? null;
}

/** Whether a job could not be stored since its dataset is not there. */
export function lacksDataset(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.constraint === 'job_dataset_id_fkey';
}
