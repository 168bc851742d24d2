import { deviceKindOf } from '../../planning/forecast/device-kind.js';
import { TRAINING_KINDS } from '../../planning/spec/precision.js';
import { MIN_OFFERS } from '../process/limits.js';
import { int, type RowOf, text, textOf } from './connection/column.js';
import type { Database, Pooled } from './connection/database.js';
import { wholeNumber } from './connection/literal.js';
import { prepare } from './connection/prepared.js';
import { Prisma } from './generated/client.js';
import { PROFILE_TAKEABLE } from './profiles.js';
import type { Claimer } from './tasks.js';

/** The condition for a claimable task, joined with its job. It is defined only here. */
export const CLAIMABLE = Prisma.sql`task.state = 'ready' AND due_at <= now()
  AND stop_as IS NULL AND pause_requested_at IS NULL`;

const KINDS_THAT_TRAIN = Prisma.raw(TRAINING_KINDS.map((kind) => `'${kind}'`).join());
/**
 * The same for a device that may lack bfloat16, and must then not train in it.
 * @param hasBfloat16 a condition
 */
export function claimableWith(hasBfloat16: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`${CLAIMABLE} AND (${hasBfloat16} OR task.kind NOT IN (${KINDS_THAT_TRAIN})
    OR job.spec->>'precision' IS DISTINCT FROM 'bfloat16')`;
}

type Device = Pick<Claimer, 'device' | 'bfloat16'>;

/** A claimable task, with the fence that a claim raises. */
const OFFERED_TASK = { id: text, attempt: int };
export type OfferedTask = RowOf<typeof OFFERED_TASK>;

// The number stands in the text: with a parameter, Postgres plans the statement anew at each look.
const offered = prepare(
  'offered-tasks',
  OFFERED_TASK,
  Prisma.sql`WITH RECURSIVE
    turn AS (
      (SELECT tenant FROM task WHERE state = 'ready' ORDER BY tenant LIMIT 1)
      UNION ALL
      SELECT (SELECT task.tenant FROM task WHERE state = 'ready' AND task.tenant > turn.tenant ORDER BY tenant LIMIT 1)
      FROM turn WHERE turn.tenant IS NOT NULL
    ),
    share AS (
      SELECT tenant, count(*) AS running, max(started_at) AS served FROM task WHERE state = 'running' GROUP BY tenant
    ),
    idle AS (
      SELECT greatest(${wholeNumber(MIN_OFFERS)}, coalesce((SELECT sum(jsonb_array_length(slots)) FROM worker), 0)
        - coalesce((SELECT sum(running) FROM share), 0)) AS slots
    )
    -- The n-th task of a tenant follows the ones that the tenant has running and the n - 1 before it.
    SELECT waiting.id, waiting.attempt FROM turn CROSS JOIN LATERAL (
      SELECT id, attempt, row_number() OVER () AS place FROM (
        SELECT task.id, task.attempt FROM task JOIN job ON job.id = task.job_id
        WHERE ${CLAIMABLE} AND task.tenant = turn.tenant
        ORDER BY task.priority DESC, job_id, position LIMIT (SELECT slots FROM idle)
      ) first
    ) waiting LEFT JOIN share USING (tenant)
    ORDER BY place + coalesce(running, 0), served NULLS FIRST, waiting.id LIMIT (SELECT slots FROM idle)`
    .text,
);

/** The next tasks in turn, as many as there are idle slots, and at least `MIN_OFFERS` if there are so many. */
export function offeredTasks(db: Pooled): Promise<OfferedTask[]> {
  return offered(db, []);
}

/** The next work for a free slot. */
const NEXT_IN_SLOT = { id: text, kind: textOf<'task' | 'profile'>() };
export type NextInSlot = RowOf<typeof NEXT_IN_SLOT>;

/**
 * Common table expressions, of which `ranked` (tenant, id, kind) is the next work of each tenant, in turn. For a statement
 * that begins WITH RECURSIVE.
 * @param deviceKind the kind of the device
 */
export const turnsOf = (claimable: Prisma.Sql, deviceKind: Prisma.Sql): Prisma.Sql => Prisma.sql`
    -- Tenants with ready tasks, found by steps through the index: the look costs the same however many tasks wait.
    turn AS (
      (SELECT tenant FROM task WHERE state = 'ready' ORDER BY tenant LIMIT 1)
      UNION ALL
      SELECT (SELECT task.tenant FROM task WHERE state = 'ready' AND task.tenant > turn.tenant ORDER BY tenant LIMIT 1)
      FROM turn WHERE turn.tenant IS NOT NULL
    ),
    -- Of each tenant the task and the profile that are next.
    head AS (
      SELECT turn.tenant, first.id, 'task' AS kind FROM turn CROSS JOIN LATERAL (
        SELECT task.id FROM task JOIN job ON job.id = task.job_id
        WHERE ${claimable} AND task.tenant = turn.tenant
        ORDER BY task.priority DESC, job_id, position LIMIT 1
      ) first
      UNION ALL
      (SELECT DISTINCT ON (tenant) tenant, id, 'profile' FROM profile
        WHERE device_kind = ${deviceKind} AND ${PROFILE_TAKEABLE} ORDER BY tenant, due_at, id)
    ),
    -- With one tenant there are no turns: its running tasks, of which a thousand workers have a thousand, are not read.
    several AS MATERIALIZED (SELECT coalesce(min(tenant) <> max(tenant), false) AS are FROM head),
    ranked AS (
      SELECT head.tenant, head.id, head.kind FROM head CROSS JOIN several
      CROSS JOIN LATERAL (
        SELECT CASE WHEN several.are THEN
          (SELECT coalesce(sum(slots), 0) FROM task WHERE state = 'running' AND tenant = head.tenant)
          + (SELECT count(*) FROM profile WHERE state = 'running' AND tenant = head.tenant) END AS running
      ) share
      CROSS JOIN LATERAL (
        SELECT CASE WHEN several.are THEN greatest(
          (SELECT started_at FROM task WHERE tenant = head.tenant AND started_at IS NOT NULL
            ORDER BY started_at DESC LIMIT 1),
          (SELECT max(started_at) FROM profile WHERE tenant = head.tenant)) END AS started_at
      ) served
      ORDER BY running, started_at NULLS FIRST, kind, head.id
    )`;

// $1: the kind of the device, $2: whether it has bfloat16.
const next = prepare(
  'next-in-slot',
  NEXT_IN_SLOT,
  Prisma.sql`WITH RECURSIVE ${turnsOf(claimableWith(Prisma.raw('$2::boolean')), Prisma.raw('$1'))}
  SELECT id, kind FROM ranked LIMIT 1`.text,
);

/**
 * The next work for a free slot; null if there is none. The tenant whose running tasks and profiles take the fewest slots goes
 * first; among equal tenants, the one that was served longest ago. The work of one tenant goes in this order:
 * profiles, which take seconds; then tasks by the priority of their jobs; then by the age of their jobs.
 */
export async function nextInSlot(db: Database, { device, bfloat16 }: Device): Promise<NextInSlot | null> {
  const [found] = await next(db, [deviceKindOf(device), bfloat16]);
  return found ?? null;
}

/** Maximum number of counted jobs. `LAST_POSITION` means this position or any later one. */
const COUNTED = 1_000;
export const LAST_POSITION = COUNTED + 1;

// $1: ids of jobs.
const positionsOf = prepare(
  'queue-positions',
  { id: text, position: int },
  `WITH RECURSIVE
  -- Slots that each tenant has at work, and when it was served last.
  share AS (
    SELECT tenant, sum(slots) AS running, max(started_at) AS served FROM task
    WHERE state = 'running' GROUP BY tenant
  ),
  -- Tenants with queued jobs, found by steps through the index.
  turn AS (
    (SELECT tenant FROM job WHERE state = 'queued' ORDER BY tenant LIMIT 1)
    UNION ALL
    SELECT (SELECT job.tenant FROM job WHERE state = 'queued' AND job.tenant > turn.tenant ORDER BY tenant LIMIT 1)
    FROM turn WHERE turn.tenant IS NOT NULL
  ),
  -- The first thousand of each: however long the queue is, it costs the same.
  placed AS (
    SELECT id, row_number() OVER (ORDER BY place + coalesce(running, 0), served NULLS FIRST, id)::int AS position
    FROM turn CROSS JOIN LATERAL (
      SELECT id, row_number() OVER (ORDER BY priority DESC, id) AS place FROM (
        SELECT id, priority FROM job WHERE state = 'queued' AND job.tenant = turn.tenant
        ORDER BY priority DESC, id LIMIT ${COUNTED}) first
    ) waiting LEFT JOIN share USING (tenant)
  )
  SELECT id, least(position, ${LAST_POSITION}) AS position FROM job LEFT JOIN placed USING (id)
  WHERE id = ANY ($1) AND state = 'queued'`,
);

/**
 * Positions of the queued jobs among `ids`, from 1: the order in which they get a slot if no other job arrives.
 * Exact up to a thousand.
 */
export async function queuePositions(db: Database, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await positionsOf(db, [ids]);
  return new Map(rows.map(({ id, position }) => [id, position]));
}
