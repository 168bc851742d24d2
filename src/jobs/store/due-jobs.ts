import type { JobSpec } from '../../contract/spec.js';
import { float, int, type RowOf, text, textOf } from './connection/column.js';
import type { Queryable, Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { deviceSecondsOf } from './device-seconds.js';
import { Prisma } from './generated/client.js';

// Jobs that the dispatcher's duties have something to do for.

/** A limit of its spec that a job exceeds. */
const OVERDUE = { id: text, limit: textOf<'max_runtime' | 'max_pending'>(), seconds: int };
export type Overdue = RowOf<typeof OVERDUE>;

/** A job that has spent its budget of device time. */
const SPENT = { id: text, amount: float, then: textOf<Budget['then']>() };
export type SpentBudget = RowOf<typeof SPENT>;
type Budget = NonNullable<JobSpec['max_device_seconds']>;

const JOB_ID = { id: text };
export type JobId = RowOf<typeof JOB_ID>;

const overtime = statement('overtime-jobs', OVERDUE);
const overlongQueued = statement('overlong-queued-jobs', OVERDUE);
const spent = statement('jobs-with-spent-budget', SPENT);
const unplanned = statement('unplanned-jobs', JOB_ID);
const lockedUnplanned = statement('lock-unplanned-jobs', JOB_ID);
const stopping = statement('stopping-jobs', JOB_ID);
const endedWithSpool = statement('ended-jobs-with-spool', JOB_ID);

// Each look repeats the condition of its partial index in prisma/schema.prisma word for word, so that it costs
// the same however many jobs have ended. The plans are tested on large tables: test/jobs/store/plans/.

/** Jobs at work for longer than their spec lets them. */
export function overtimeJobs(db: Queryable, after: string, limit: number): Promise<Overdue[]> {
  return overtime.rows(
    db,
    Prisma.sql`
    SELECT id, 'max_runtime' AS "limit", (spec->>'max_runtime_s')::int AS seconds FROM job
    WHERE finished_at IS NULL AND running_since IS NOT NULL AND stop_as IS NULL AND id > ${after}
      AND ran_seconds + extract(epoch FROM now() - running_since) > (spec->>'max_runtime_s')::int
    ORDER BY id LIMIT ${limit}`,
  );
}

/** Jobs that wait in the queue for longer than their spec lets them. */
export function overlongQueuedJobs(db: Queryable, after: string, limit: number): Promise<Overdue[]> {
  return overlongQueued.rows(
    db,
    Prisma.sql`
    SELECT id, 'max_pending' AS "limit", (spec->>'max_pending_s')::int AS seconds FROM job
    WHERE state = 'queued' AND spec->>'max_pending_s' IS NOT NULL AND stop_as IS NULL AND id > ${after}
      AND queued_at + (spec->>'max_pending_s')::int * interval '1 s' < now()
    ORDER BY id LIMIT ${limit}`,
  );
}

/** Jobs at work that have used as much device time as their spec gives them, and have not been told so. */
export function jobsWithSpentBudget(db: Queryable, after: string, limit: number): Promise<SpentBudget[]> {
  return spent.rows(
    db,
    Prisma.sql`
    SELECT id, (spec->'max_device_seconds'->>'amount')::float8 AS amount, spec->'max_device_seconds'->>'then' AS "then"
    FROM job
    WHERE finished_at IS NULL AND running_since IS NOT NULL AND stop_as IS NULL AND budget_spent_at IS NULL
      AND spec->'max_device_seconds'->>'amount' IS NOT NULL AND id > ${after}
      AND ${deviceSecondsOf(Prisma.sql`job.id`)} >= (spec->'max_device_seconds'->>'amount')::float8
    ORDER BY id LIMIT ${limit}`,
  );
}

/** Jobs without tasks, the oldest first. */
export function unplannedJobs(db: Queryable, after: string, limit: number): Promise<JobId[]> {
  return unplanned.rows(
    db,
    Prisma.sql`
    SELECT id FROM job WHERE state = 'queued' AND planned_at IS NULL AND stop_as IS NULL AND id > ${after}
    ORDER BY id LIMIT ${limit}`,
  );
}

/** Locks jobs against other dispatchers. @returns those that have no tasks yet and that no other one is about to plan */
export async function lockUnplannedJobs(tx: Transaction, ids: readonly string[]): Promise<string[]> {
  const rows = await lockedUnplanned.rows(
    tx,
    Prisma.sql`
    SELECT id FROM job WHERE id = ANY (${ids}) AND state = 'queued' AND planned_at IS NULL AND stop_as IS NULL
    FOR NO KEY UPDATE SKIP LOCKED`,
  );
  return rows.map(({ id }) => id);
}

/** Jobs that are to end, or to be paused, but are not yet. */
export function stoppingJobs(db: Queryable, after: string, limit: number): Promise<JobId[]> {
  return stopping.rows(
    db,
    Prisma.sql`
    SELECT id FROM job
    WHERE finished_at IS NULL AND (stop_as IS NOT NULL OR pause_requested_at IS NOT NULL AND state <> 'paused')
      AND id > ${after}
    ORDER BY id LIMIT ${limit}`,
  );
}

/** Jobs that ended and whose spool folder may still exist. */
export function endedJobsWithSpool(db: Queryable, after: string, limit: number): Promise<JobId[]> {
  return endedWithSpool.rows(
    db,
    Prisma.sql`
    SELECT id FROM job WHERE finished_at IS NOT NULL AND spool_deleted_at IS NULL AND id > ${after}
    ORDER BY id LIMIT ${limit}`,
  );
}
