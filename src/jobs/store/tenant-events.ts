import { COLUMNS } from './columns.js';
import { int, type RowOf, text, time } from './connection/column.js';
import type { Database } from './connection/database.js';
import { prepare } from './connection/prepared.js';

const TENANT_EVENT = {
  tenant: text,
  jobId: text,
  seq: int,
  at: time,
  level: COLUMNS.event.level,
  type: text,
  message: text,
  data: COLUMNS.event.data,
};
export type TenantEventRow = RowOf<typeof TENANT_EVENT>;
const SELECTED = `tenant, event.job_id AS "jobId", seq, at, level, type, message, event.data`;

const since = prepare(
  'tenant-events-since',
  TENANT_EVENT,
  `SELECT ${SELECTED} FROM event JOIN job ON job.id = event.job_id
   WHERE tenant = $1 AND ($2::text[] IS NULL OR type = ANY ($2)) AND (at, event.job_id, seq) > (
       coalesce($3, now() - interval '1 minute'), $4, $5)
     AND at > now() - interval '1 day'
   ORDER BY at, event.job_id, seq LIMIT $6`,
);

/** The place of an event among all by their time. */
export interface EventPlace {
  /** Null: a minute ago. */
  readonly at: Date | null;
  readonly jobId: string;
  readonly seq: number;
}

/** The place before every event at this time or later. */
export const placeBefore = (at: Date | null): EventPlace => ({ at, jobId: '', seq: 0 });

/** Events of a tenant's jobs after a place, of the last day, by their time. */
export function findTenantEvents(
  db: Database,
  { tenant, types }: { readonly tenant: string; readonly types: readonly string[] | null },
  { at, jobId, seq }: EventPlace,
  limit: number,
): Promise<TenantEventRow[]> {
  return since(db, [tenant, types, at, jobId, seq, limit]);
}

const ofJobs = prepare(
  'new-events-of-jobs',
  TENANT_EVENT,
  `SELECT tenant, event.* FROM unnest($1::text[], $2::int[]) AS asked (id, after) JOIN job USING (id)
   CROSS JOIN LATERAL (
     -- A job that nobody followed has the events since a time: they are its last ones.
     SELECT coalesce(after, (
       SELECT seq FROM event WHERE job_id = asked.id AND at < $3 ORDER BY seq DESC LIMIT 1
     ), 0) AS last
   ) known
   CROSS JOIN LATERAL (
     SELECT event.job_id AS "jobId", seq, at, level, type, message, event.data FROM event
     WHERE job_id = asked.id AND seq > known.last ORDER BY seq LIMIT $4
   ) event
   ORDER BY at, "jobId", seq`,
);

/**
 * Events of jobs after the given seqs, at most `limit` of each job, by their time.
 * @param jobs seq of the last known event of each job; null: those since `since`
 */
export function findNewEvents(
  db: Database,
  jobs: ReadonlyMap<string, number | null>,
  since: Date,
  limit: number,
): Promise<TenantEventRow[]> {
  return ofJobs(db, [[...jobs.keys()], [...jobs.values()], since, limit]);
}

const first = prepare(
  'first-events',
  TENANT_EVENT,
  `SELECT ${SELECTED} FROM event JOIN job ON job.id = event.job_id
   WHERE seq = 1 AND at > $1 AND tenant = ANY ($2) ORDER BY at, event.job_id, seq`,
);

/** The first event of each job that these tenants have created since a time. */
export function findFirstEvents(
  db: Database,
  tenants: readonly string[],
  since: Date,
): Promise<TenantEventRow[]> {
  return first(db, [since, tenants]);
}
