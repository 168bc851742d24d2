import type { JobState } from '../../contract/states.js';
import type { Queryable } from './database.js';
import { Prisma } from './generated/client.js';

export interface JobFilter {
  readonly tenant: string;
  readonly after: string | null;
  readonly limit: number;
  readonly state: JobState | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Newest first. */
export async function findJobs(db: Queryable, filter: JobFilter) {
  const { tenant, after, limit, state, metadata } = filter;
  const place = after === null ? {} : { id: { lt: after } };
  const wanted = Object.keys(metadata).length === 0 ? place : { id: { in: await idsByMetadata(db, filter) } };
  return db.job.findMany({
    where: { tenant, ...(state && { state }), ...wanted },
    orderBy: { id: 'desc' },
    take: limit,
  });
}

/** Jobs looked at one by one before the index on metadata is asked. */
const LOOKED_AT = 2_000;

/**
 * Pairs that many jobs carry are found soonest among the newest jobs, rare ones by the index, which knows no order: it would
 * sort half a million for a page of twenty. Postgres cannot tell the two apart, so both ways are walked, that one first.
 */
async function idsByMetadata(db: Queryable, filter: JobFilter): Promise<string[]> {
  const { limit } = filter;
  const pairs = Prisma.sql`metadata @> ${JSON.stringify(filter.metadata)}::jsonb`;
  const [newest] = await db.$queryRaw<{ ids: string[]; seen: number }[]>`
    SELECT coalesce((array_agg(id ORDER BY id DESC) FILTER (WHERE ${pairs}))[1:${limit}::int], '{}') AS ids,
      count(*)::int AS seen
    FROM (SELECT id, metadata FROM job WHERE ${rest(filter)} ORDER BY id DESC LIMIT ${LOOKED_AT}) newest`;
  if (newest && (newest.ids.length >= limit || newest.seen < LOOKED_AT)) return newest.ids;
  // Materialized: or the order would tempt Postgres to go through every job.
  const rows = await db.$queryRaw<{ id: string }[]>`
    WITH matching AS MATERIALIZED (SELECT id FROM job WHERE ${pairs} AND ${rest(filter)})
    SELECT id FROM matching ORDER BY id DESC LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

function rest({ tenant, after, state }: JobFilter): Prisma.Sql {
  const older = after === null ? Prisma.empty : Prisma.sql`AND id < ${after}`;
  const inState = state === null ? Prisma.empty : Prisma.sql`AND state = ${state}`;
  return Prisma.sql`tenant = ${tenant} ${older} ${inState}`;
}
