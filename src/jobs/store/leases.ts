import { MAX_LEASE_MS } from '../process/limits.js';
import { flag, int, orNull, type RowOf, text, textOf } from './connection/column.js';
import type { Pooled, Queryable } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { Prisma } from './generated/client.js';

/**
 * Every row that one process at a time works on: a task, a seat in a gang, an import, a profile, a part of an evaluation or
 * of a batch prediction, a webhook delivery, a tracker export, a push of a model. All nine tables carry the same columns:
 * - `attempt` is the fence. Every claim raises it, and nothing ever lowers it; a write that names an earlier attempt
 *   changes nothing.
 * - `lease_until` is null while nobody works on the row. Its holder renews it; once it is over, another may take the row.
 * - `losses` counts the attempts whose lease ran out, which is no fault of the work, unless it happens again and again.
 * - `due_at` is the time before which the row must not be taken.
 */
export type LeasedTable =
  | 'task'
  | 'gang_seat'
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
  /** Whether its lease was renewed. False while another transaction, such as the one that ends it, has the row locked. */
  renewed: flag,
  /** For a task: the request of its job. */
  wish: orNull(textOf<StopWish>()),
};
export type RenewedLease = RowOf<typeof RENEWED_LEASE>;

const OTHER_TABLES: readonly LeasedTable[] = [
  'gang_seat',
  'dataset_import',
  'profile',
  'evaluation_part',
  'batch_part',
  'webhook_delivery',
  'tracker_export',
  'model_push',
];

const WISH_OF_JOB = `CASE WHEN job.stop_now THEN 'kill'
        WHEN job.stop_as IS NOT NULL OR job.pause_requested_at IS NOT NULL THEN 'yield' END`;

/** A seat in a gang is nobody's any more, once the attempt of its task has ended. */
const SEAT_GOES_ON = `AND EXISTS (SELECT 1 FROM task
      WHERE task.id = kept.task_id AND task.attempt = kept.task_attempt AND task.lease_until IS NOT NULL)`;
const goesOn = (table: LeasedTable): string => (table === 'gang_seat' ? SEAT_GOES_ON : '');

// `free_…`: rows of this process that nobody has locked. Waiting for one would hold up the leases of all others. `renewed_…`
// extends them, and `current_…` says which claims are still ours, the locked ones among them.
const renewedOf = (table: LeasedTable): string => `
  free_${table} AS MATERIALIZED (
    SELECT kept.id, ends FROM ${table} AS kept JOIN held USING (id)
    WHERE held."table" = '${table}' AND kept.attempt = held.attempt AND lease_until IS NOT NULL ${goesOn(table)}
    FOR NO KEY UPDATE OF kept SKIP LOCKED
  ), renewed_${table} AS (
    UPDATE ${table} AS kept SET lease_until = ends FROM free_${table} AS free WHERE kept.id = free.id RETURNING kept.id
  ), current_${table} AS (
    SELECT held."table", kept.id, kept.attempt, renewed_${table}.id IS NOT NULL AS renewed,
      ${table === 'task' ? WISH_OF_JOB : 'NULL'} AS wish
    FROM held JOIN ${table} AS kept USING (id) LEFT JOIN renewed_${table} USING (id)
      ${table === 'task' ? 'JOIN job ON job.id = kept.job_id' : ''}
    WHERE held."table" = '${table}' AND kept.attempt = held.attempt AND lease_until IS NOT NULL ${goesOn(table)}
  )`;

// One statement for all that a process holds, since every heartbeat waits for it. It does not wait for the disk: a crash of
// Postgres right after it costs an extension of a lease, which the next heartbeat asks for again.
const renewing = (name: string, tables: readonly LeasedTable[]) =>
  prepare(
    name,
    RENEWED_LEASE,
    `WITH held AS MATERIALIZED (
    SELECT "table", id, attempt, now() + $2 * interval '1 millisecond' AS ends
    FROM jsonb_to_recordset($1::jsonb) AS held ("table" text, id text, attempt int),
      set_config('synchronous_commit', 'off', true) AS disk
    WHERE disk = 'off'
  ), ${tables.map(renewedOf).join(',')}
  ${tables.map((table) => `SELECT * FROM current_${table}`).join(' UNION ALL ')}`,
  );
// Most processes hold tasks alone.
const renewTasks = renewing('renew-tasks', ['task']);
const renewHeld = renewing('renew-leases', ['task', ...OTHER_TABLES]);

/** @returns the claims that the worker still has, each with the request of its job */
export async function renewLeases(
  db: Pooled,
  leases: readonly Lease[],
  leaseMs: number,
): Promise<readonly RenewedLease[]> {
  if (leases.length === 0) return [];
  const held = leases.map(({ table, id, attempt }) => ({ table, id, attempt }));
  const renew = leases.every(({ table }) => table === 'task') ? renewTasks : renewHeld;
  return renew(db, [JSON.stringify(held), leaseMs]);
}
