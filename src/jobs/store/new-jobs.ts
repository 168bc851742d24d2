import pg from 'pg';
import { isWebhookEvent } from '../../contract/webhooks.js';
import type { ColumnTypes } from './columns.js';
import { text, time } from './connection/column.js';
import type { Database } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { isUnavailable } from './connection/unavailable.js';
import type { NewEvent } from './events.js';
import { newId } from './ids.js';
import type { SealedTracker } from './tracker-exports.js';

export interface NewJob {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly metadata: ColumnTypes<'job'>['metadata'];
  readonly priority: number;
  readonly datasetId: string;
  readonly spec: ColumnTypes<'job'>['spec'];
  readonly requested: ColumnTypes<'job'>['requested'];
  readonly plan: ColumnTypes<'job'>['plan'];
  /** W3C traceparent of the request that creates the job. */
  readonly traceparent: string | null;
  /** Blobs with the weights of another job, from which it starts. */
  readonly initial: ColumnTypes<'job'>['initial'];
  /** Id of the API key that submits it; null on a server without keys. */
  readonly actor: string | null;
  /** Id of the model that it makes again. */
  readonly reproduces: string | null;
  /** Id of the job that it extends, and what that has trained. */
  readonly parentId: string | null;
  readonly carried: ColumnTypes<'job'>['carried'];
}

/** An Idempotency-Key to reserve for the job. */
export interface WantedKey {
  readonly key: string;
  readonly bodyHash: string;
}

/** A job to store, with the rows that belong to it. */
export interface JobInsert {
  readonly job: NewJob;
  readonly key: WantedKey | null;
  readonly trackers: readonly SealedTracker[];
}

// A single statement needs one round trip and one commit. Each CTE uses the rows of the earlier ones:
// - `new`: the jobs to store, from JSON
// - `taken`: the idempotency keys that were free and are now reserved. A key that another request is reserving
//   makes the statement wait. Keys are reserved in sorted order, so two statements never wait for each other
// - `added`: the stored jobs. Jobs whose key was not free are missing
// - `told`: the first event of each stored job
// - `delivered`: a delivery of that event for each webhook of the tenant that wants it (webhook-deliveries.ts). The
//   ids differ in the last two digits
// - `tracked`: an export for each tracker in the spec
const insert = prepare(
  'insert-jobs',
  { id: text, createdAt: time },
  `WITH new AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS new (id text, tenant text, name text, metadata jsonb, priority int,
      "datasetId" text, spec jsonb, requested jsonb, plan jsonb, traceparent text, initial jsonb, actor text,
      reproduces text, "parentId" text, carried jsonb, key text, "bodyHash" text, delivery text, trackers jsonb)
  ), taken AS (
    INSERT INTO idempotency_key (tenant, key, body_hash, job_id)
    SELECT tenant, key, "bodyHash", id FROM new WHERE key IS NOT NULL ORDER BY tenant, key
    ON CONFLICT (tenant, key) DO NOTHING RETURNING job_id
  ), added AS (
    INSERT INTO job (id, tenant, name, metadata, state, priority, dataset_id, spec, requested, plan, traceparent, initial,
      actor, reproduces, parent_id, carried, event_seq)
    SELECT id, tenant, name, metadata, 'queued', priority, "datasetId", spec, requested, plan, traceparent, initial, actor,
      reproduces, "parentId", carried, 1
    FROM new WHERE key IS NULL OR id IN (SELECT job_id FROM taken)
    RETURNING id, created_at
  ), told AS (
    INSERT INTO event (job_id, seq, level, type, message, data)
    SELECT id, 1, $2, $3, $4, $5::jsonb FROM added
    RETURNING *, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time
  ), delivered AS (
    INSERT INTO webhook_delivery (id, webhook_id, tenant, type, message)
    SELECT left(new.delivery, -2)
        || lpad(to_hex(row_number() OVER (PARTITION BY job_id ORDER BY webhook.id)), 2, '0'), webhook.id, new.tenant, told.type,
      jsonb_build_object('type', told.type, 'timestamp', time, 'data', jsonb_build_object('job_id', job_id,
        'event', jsonb_build_object('seq', seq, 'at', time, 'level', level, 'type', told.type, 'message', message,
          'data', data)))
    FROM told JOIN new ON new.id = job_id
      -- OFFSET keeps the planner from joining all webhooks at once, for which it would read the whole table.
      CROSS JOIN LATERAL (SELECT id FROM webhook
        WHERE webhook.tenant = new.tenant AND webhook.events @> to_jsonb(told.type) AND $6::boolean OFFSET 0) AS webhook
  ), tracked AS (
    INSERT INTO tracker_export (id, job_id, tenant, type, tracking_uri, experiment, "authorization")
    SELECT tracker.id, added.id, new.tenant, tracker.type, "trackingUri", experiment, "authorization"
    FROM added JOIN new USING (id), jsonb_to_recordset(new.trackers)
      AS tracker (id text, type text, "trackingUri" text, experiment text, "authorization" text)
  )
  SELECT id, created_at AS "createdAt" FROM added`,
);

/**
 * Stores jobs with their first event, idempotency keys, webhook deliveries and trackers, all or nothing.
 * @returns the creation time of each job by id. Jobs whose idempotency key was not free are missing, and nothing of
 * them is stored
 */
export async function insertJobs(
  db: Database,
  inserts: readonly JobInsert[],
  { type, message, level = 'info', data = {} }: NewEvent,
): Promise<ReadonlyMap<string, Date>> {
  const records = inserts.map(({ job, key, trackers }) => ({
    ...job,
    ...key,
    delivery: newId('delivery'),
    trackers,
  }));
  const told = [level, type, message, JSON.stringify(data), isWebhookEvent(type)];
  const rows = await insert(db, [JSON.stringify(records), ...told]);
  return new Map(rows.map(({ id, createdAt }) => [id, createdAt]));
}

/** Whether a job could not be stored because its dataset does not exist. */
export function lacksDataset(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.constraint === 'job_dataset_id_fkey';
}

/**
 * Whether Postgres rejected a statement because of its data. Without the invalid row, the statement may succeed.
 */
export function isRefused(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !isUnavailable(error);
}
