import { TRAINING_KINDS } from '../../planning/spec/precision.js';
import type { Database, Queryable } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { Prisma } from './generated/client.js';
import type { Holder } from './tasks.js';

/** What may be claimed: the one place that says so, of a task joined with its job. */
export const CLAIMABLE = Prisma.sql`task.state = 'ready' AND due_at <= now()
  AND stop_as IS NULL AND pause_requested_at IS NULL`;

const KINDS_THAT_TRAIN = Prisma.raw(TRAINING_KINDS.map((kind) => `'${kind}'`).join());
/** The same for a device without bfloat16: training in it is for others. */
const CLAIMABLE_IN_FLOAT32 = Prisma.sql`${CLAIMABLE}
  AND (task.kind NOT IN (${KINDS_THAT_TRAIN}) OR job.spec->>'precision' IS DISTINCT FROM 'bfloat16')`;

type Device = Pick<Holder, 'bfloat16'>;
const ANY_DEVICE: Device = { bfloat16: true };

export function claimableBy({ bfloat16 }: Device): Prisma.Sql {
  return bfloat16 ? CLAIMABLE : CLAIMABLE_IN_FLOAT32;
}

/** How many tasks may be claimed now, counted up to `most`. */
export async function countClaimable(db: Queryable, most: number): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM (
      SELECT 1 FROM task JOIN job ON job.id = task.job_id WHERE ${CLAIMABLE} LIMIT ${most}) claimable`;
  return row?.count ?? 0;
}

// The recursion steps from tenant to tenant through the index, so the look costs the same however many tasks wait.
const nextWhere = (claimable: Prisma.Sql): string =>
  Prisma.sql`WITH RECURSIVE first AS (
      SELECT task.priority FROM task JOIN job ON job.id = task.job_id
      WHERE ${claimable} ORDER BY task.priority DESC LIMIT 1
    ), turn AS (
      (SELECT task.tenant FROM task
        WHERE state = 'ready' AND priority = (SELECT priority FROM first) ORDER BY tenant LIMIT 1)
      UNION ALL
      SELECT (SELECT task.tenant FROM task
        WHERE state = 'ready' AND priority = (SELECT priority FROM first) AND task.tenant > turn.tenant
        ORDER BY tenant LIMIT 1)
      FROM turn WHERE turn.tenant IS NOT NULL
    )
    SELECT head.id FROM turn
    CROSS JOIN LATERAL (
      SELECT task.id FROM task JOIN job ON job.id = task.job_id
      WHERE ${claimable} AND task.priority = (SELECT priority FROM first) AND task.tenant = turn.tenant
      ORDER BY job_id, position LIMIT 1
    ) head
    CROSS JOIN LATERAL (
      SELECT count(*) AS running FROM task WHERE state = 'running' AND tenant = turn.tenant
    ) share
    LEFT JOIN LATERAL (
      SELECT started_at FROM task WHERE tenant = turn.tenant AND started_at IS NOT NULL
      ORDER BY started_at DESC LIMIT 1
    ) served ON true
    ORDER BY running, started_at NULLS FIRST, head.id LIMIT 1`.text;

const nextForAny = prepare<{ id: string }>('next-task', nextWhere(CLAIMABLE));
const nextInFloat32 = prepare<{ id: string }>('next-task-in-float32', nextWhere(CLAIMABLE_IN_FLOAT32));

/**
 * The id of the task that a free slot should take; null where none can be claimed. Tasks of the highest priority go
 * first. Among those it is the turn of the tenant with the fewest tasks running; of tenants that are even there, of
 * the one that was served longest ago. A tenant's own tasks go by the age of their jobs.
 */
export async function nextTask(db: Database, { bfloat16 }: Device = ANY_DEVICE): Promise<string | null> {
  const [next] = await (bfloat16 ? nextForAny : nextInFloat32)(db, []);
  return next?.id ?? null;
}

/** Jobs counted to tell a position: `LAST_POSITION` stands for itself and all beyond. */
const COUNTED = 1_000;
export const LAST_POSITION = COUNTED + 1;

// The recursion steps through the index from one tenant's jobs of one priority to the next, highest first, and takes the first
// thousand of each, until a thousand are ahead of the next priority: however long the queue is, it costs the same.
const positionsOf = prepare<{ id: string; position: number }>(
  'queue-positions',
  `WITH RECURSIVE share AS (
    SELECT tenant, count(*) AS running, max(started_at) AS served FROM task
    WHERE state = 'running' GROUP BY tenant
  ), line AS (
    SELECT 2147483647 AS priority, '' AS tenant, '{}'::text[] AS ids, 0 AS higher, 0 AS level
    UNION ALL
    SELECT next.priority, next.tenant, first.ids,
      higher + CASE WHEN next.priority = line.priority THEN 0 ELSE level END,
      cardinality(first.ids) + CASE WHEN next.priority = line.priority THEN level ELSE 0 END
    FROM line CROSS JOIN LATERAL (
      SELECT job.priority, job.tenant FROM job
      WHERE state = 'queued' AND (job.priority, job.tenant) < (line.priority, line.tenant)
      ORDER BY job.priority DESC, job.tenant DESC LIMIT 1
    ) next CROSS JOIN LATERAL (
      SELECT ARRAY(SELECT id FROM job
        WHERE state = 'queued' AND job.priority = next.priority AND job.tenant = next.tenant
        ORDER BY id LIMIT ${COUNTED}) AS ids
    ) first
    WHERE higher + level < ${COUNTED} OR next.priority = line.priority
  ), placed AS (
    SELECT id, row_number() OVER (
      ORDER BY priority DESC, turn + coalesce(running, 0), served NULLS FIRST, id)::int AS position
    FROM line CROSS JOIN LATERAL unnest(ids) WITH ORDINALITY AS waiting (id, turn) LEFT JOIN share USING (tenant)
  )
  SELECT id, least(position, ${LAST_POSITION}) AS position FROM job LEFT JOIN placed USING (id)
  WHERE id = ANY ($1) AND state = 'queued'`,
);

/**
 * Positions of the queued ones among some jobs, 1 first: the order in which they would get a slot if nothing else came. Exact up
 * to a thousand.
 */
export async function queuePositions(db: Database, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await positionsOf(db, [ids]);
  return new Map(rows.map(({ id, position }) => [id, position]));
}
