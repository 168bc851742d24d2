import type { JobState } from '../../contract/states.js';
import type { Queryable } from './connection/database.js';
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

/** Jobs in a state that are looked at one by one before those that carry a pair are. */
const LOOKED_AT = 2_000;

/**
 * Jobs of a pair lie in the order of the list (job_label), so a page is read at once however many carry it. Further pairs
 * and a state are looked up in each job on the way, which is long only where they seldom meet and each is common.
 */
async function idsByMetadata(db: Queryable, filter: JobFilter): Promise<string[]> {
  const { tenant, after, limit, state } = filter;
  const few = state === null ? null : await idsAmongFew(db, filter);
  if (few !== null) return few;
  const older = after === null ? Prisma.empty : Prisma.sql`AND job_id < ${after}`;
  const inState = state === null ? Prisma.empty : Prisma.sql`AND state = ${state}`;
  // OFFSET 0: or Postgres would merge the labels with all jobs, and pass by every newer one that has none.
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT job.id FROM job_label CROSS JOIN LATERAL (
      SELECT id FROM job WHERE id = job_label.job_id AND ${carriesAll(filter)} ${inState} OFFSET 0) job
    WHERE tenant = ${tenant} AND label = ${await rarestLabel(db, filter)} ${older}
    ORDER BY job_id DESC LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}

/** Those of a state that few jobs are in, or that many of its newest carry; null where neither holds. */
async function idsAmongFew(db: Queryable, filter: JobFilter): Promise<string[] | null> {
  const { tenant, after, limit, state } = filter;
  const older = after === null ? Prisma.empty : Prisma.sql`AND id < ${after}`;
  const [newest] = await db.$queryRaw<{ ids: string[]; seen: number }[]>`
    SELECT coalesce((array_agg(id ORDER BY id DESC) FILTER (WHERE ${carriesAll(filter)}))[1:${limit}::int], '{}') AS ids,
      count(*)::int AS seen
    FROM (SELECT id, metadata FROM job WHERE tenant = ${tenant} AND state = ${state} ${older}
      ORDER BY id DESC LIMIT ${LOOKED_AT}) job`;
  const isAll = newest && (newest.ids.length >= limit || newest.seen < LOOKED_AT);
  return isAll ? newest.ids : null;
}

/** Labels are counted up to this: beyond, walking one is as long as walking another. */
const COUNTED = 1_000;

async function rarestLabel(db: Queryable, { tenant, metadata }: JobFilter): Promise<bigint> {
  const [rarest] = await db.$queryRaw<{ label: bigint }[]>`
    SELECT label FROM (SELECT metadata_label(key, value) AS label
      FROM jsonb_each_text(${JSON.stringify(metadata)}::jsonb)) wanted,
      LATERAL (SELECT count(*) FROM (SELECT FROM job_label
        WHERE tenant = ${tenant} AND job_label.label = wanted.label LIMIT ${COUNTED}) carriers) counted
    ORDER BY count LIMIT 1`;
  return rarest!.label;
}

const carriesAll = ({ metadata }: JobFilter): Prisma.Sql =>
  Prisma.sql`job.metadata @> ${JSON.stringify(metadata)}::jsonb`;
