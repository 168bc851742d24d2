import { MAX_LEASE_MS } from '../process/limits.js';
import { int, orNull, type RowOf, text, textOf } from './connection/column.js';
import type { Pooled, Queryable } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { Prisma } from './generated/client.js';

/**
 * Every row that one process at a time works on: a task, an import, a profile, a part of an evaluation or of a batch
 * prediction, a webhook delivery, a tracker export, a push of a model. All eight tables carry the same columns:
 * - `attempt` is the fence. Every claim raises it, and nothing ever lowers it; a write that names an earlier attempt
 *   changes nothing.
 * - `lease_until` is null while nobody works on the row. Its holder renews it; once it is over, another may take the row.
 * - `losses` counts the attempts whose lease ran out, which is no fault of the work, unless it happens again and again.
 * - `due_at` is the time before which the row must not be taken.
 */
export type LeasedTable =
  | 'task'
  | 'dataset_import'
  | 'profile'
  | 'evaluation_part'
  | 'batch_part'
  | 'webhook_delivery'
  | 'tracker_export'
  | 'model_push';

/** One claim of one row. Whoever holds it may write, until another claim raises the attempt. */
export interface Fence {
  readonly id: string;
  readonly attempt: number;
}

export interface Lease extends Fence {
  readonly table: LeasedTable;
}

/** Times are stored in whole milliseconds, rounded. */
const CLOCK_TICK_MS = 1;

const inMs = (ms: number | Prisma.Sql): Prisma.Sql => Prisma.sql`now() + ${ms} * interval '1 millisecond'`;

/** The holder was lost; or the clock was set back, since no lease can end so late: its holder, if it lives, renews it. */
export const LEASE_OVER = Prisma.sql`(lease_until < now()
  OR lease_until > now() + interval '${Prisma.raw(String(MAX_LEASE_MS + CLOCK_TICK_MS))} milliseconds')`;

/** Nobody works on the row, and its time has come. */
export const TAKEABLE = Prisma.sql`due_at <= now() AND (lease_until IS NULL OR ${LEASE_OVER})`;

/**
 * Columns that every claim sets: a new fencing token, a lease, and a loss if the previous lease was not returned.
 * @param leaseMs a number, or the parameter of a prepared statement
 */
export function taken(leaseMs: number | Prisma.Sql): Prisma.Sql {
  return Prisma.sql`attempt = attempt + 1, lease_until = ${inMs(leaseMs)},
    losses = losses + CASE WHEN lease_until IS NULL THEN 0 ELSE 1 END`;
}

/** A fence whose values are parameters of a prepared statement. */
type PreparedFence = Readonly<Record<keyof Fence, Prisma.Sql>>;

/** The row's current claim is this one. */
export function isCurrent({ id, attempt }: Fence | PreparedFence): Prisma.Sql {
  return Prisma.sql`id = ${id} AND attempt = ${attempt} AND lease_until IS NOT NULL`;
}

const NO_CHANGES = Prisma.sql`attempt = attempt`;

/**
 * Changes columns of a row that the caller holds, and locks it until the transaction ends.
 * @returns false for a stale attempt, which changes nothing
 */
export async function updateHeld(
  db: Queryable,
  table: LeasedTable,
  fence: Fence,
  changes: Prisma.Sql = NO_CHANGES,
): Promise<boolean> {
  const count = await db.$executeRaw`UPDATE ${Prisma.raw(table)} SET ${changes} WHERE ${isCurrent(fence)}`;
  return count === 1;
}

/**
 * Ends a claim, with what became of the row.
 * @returns false for a stale attempt, which changes nothing
 */
export function endLease(
  db: Queryable,
  table: LeasedTable,
  fence: Fence,
  changes: Prisma.Sql,
): Promise<boolean> {
  return updateHeld(db, table, fence, Prisma.sql`lease_until = NULL, ${changes}`);
}

/** Ends a claim, so that the row can be taken again after `waitMs` by the database's clock: workers' clocks may jump. */
export function giveBack(
  db: Queryable,
  table: LeasedTable,
  fence: Fence,
  waitMs: number,
  changes: Prisma.Sql = NO_CHANGES,
): Promise<boolean> {
  return endLease(db, table, fence, Prisma.sql`due_at = ${inMs(waitMs)}, ${changes}`);
}

/** Request of a job to its running tasks: end at once, or write a checkpoint and end. */
export type StopWish = 'kill' | 'yield';

/** A claim that is still ours. */
const RENEWED_LEASE = {
  table: textOf<LeasedTable>(),
  id: text,
  attempt: int,
  /** For a task: the request of its job. */
  wish: orNull(textOf<StopWish>()),
};
export type RenewedLease = RowOf<typeof RENEWED_LEASE>;

const TABLES_WITHOUT_WISH: readonly LeasedTable[] = [
  'dataset_import',
  'profile',
  'evaluation_part',
  'batch_part',
  'webhook_delivery',
  'tracker_export',
  'model_push',
];

const renewedOf = (table: LeasedTable): string => `
  renewed_${table} AS (
    UPDATE ${table} AS kept SET lease_until = ends FROM held
    WHERE held."table" = '${table}' AND kept.id = held.id AND kept.attempt = held.attempt AND lease_until IS NOT NULL
    RETURNING held."table", kept.id, kept.attempt, NULL AS wish
  )`;

// One statement for all that a process holds, since every heartbeat waits for it. It does not wait for the disk: a crash of
// Postgres right after it costs an extension of a lease, which the next heartbeat asks for again.
const renewHeld = prepare(
  'renew-leases',
  RENEWED_LEASE,
  `WITH held AS (
    SELECT "table", id, attempt, now() + $2 * interval '1 millisecond' AS ends
    FROM jsonb_to_recordset($1::jsonb) AS held ("table" text, id text, attempt int),
      set_config('synchronous_commit', 'off', true) AS disk
    WHERE disk = 'off'
  ), renewed_task AS (
    UPDATE task AS kept SET lease_until = ends FROM held, job
    WHERE held."table" = 'task' AND kept.id = held.id AND kept.attempt = held.attempt AND lease_until IS NOT NULL
      AND job.id = kept.job_id
    RETURNING held."table", kept.id, kept.attempt,
      CASE WHEN job.stop_now THEN 'kill'
        WHEN job.stop_as IS NOT NULL OR job.pause_requested_at IS NOT NULL THEN 'yield' END AS wish
  ), ${TABLES_WITHOUT_WISH.map(renewedOf).join(',')}
  SELECT * FROM renewed_task ${TABLES_WITHOUT_WISH.map((table) => `UNION ALL SELECT * FROM renewed_${table}`).join(' ')}`,
);

/** @returns the claims that the worker still has, each with the request of its job */
export async function renewLeases(
  db: Pooled,
  leases: readonly Lease[],
  leaseMs: number,
): Promise<readonly RenewedLease[]> {
  if (leases.length === 0) return [];
  const held = leases.map(({ table, id, attempt }) => ({ table, id, attempt }));
  return renewHeld(db, [JSON.stringify(held), leaseMs]);
}
