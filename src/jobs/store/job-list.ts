import type { JobState } from '../../contract/states.js';
import { bigint, int, text, texts } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

export interface JobFilter {
  readonly tenant: string;
  readonly after: string | null;
  readonly limit: number;
  readonly state: JobState | null;
  readonly metadata: Readonly<Record<string, string>>;
}

const carriers = statement('jobs-with-label', { id: text });
const newestOfState = statement('newest-of-state', { ids: texts, seen: int });
const rarestOf = statement('rarest-label', { label: bigint });

/** Jobs that match the filter, newest first. */
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

/** Maximum number of jobs in a state that are checked one by one. */
const LOOKED_AT = 2_000;

/**
 * Jobs with a pair are indexed in list order (job_label), so a page is read fast, however many jobs have the pair.
 * Further pairs and the state are checked for each job on the way. This is slow only if all are common, but rarely
 * occur together.
 */
async function idsByMetadata(db: Queryable, filter: JobFilter): Promise<string[]> {
  const { tenant, after, limit, state } = filter;
  const ofState = state === null ? null : await idsOfState(db, filter);
  if (ofState !== null) return ofState;
  const older = after === null ? Prisma.empty : Prisma.sql`AND job_id < ${after}`;
  const inState = state === null ? Prisma.empty : Prisma.sql`AND state = ${state}`;
  // OFFSET 0 prevents Postgres from merging the labels with all jobs, and reading every newer job without the
  // label.
  const rows = await carriers.rows(
    db,
    Prisma.sql`
    SELECT job.id FROM job_label CROSS JOIN LATERAL (
      SELECT id FROM job WHERE id = job_label.job_id AND ${carriesAll(filter)} ${inState} OFFSET 0) job
    WHERE tenant = ${tenant} AND label = ${await rarestLabel(db, filter)} ${older}
    ORDER BY job_id DESC LIMIT ${limit}`,
  );
  return rows.map(({ id }) => id);
}

/** Matching jobs of a state, if few jobs are in it or many of its newest jobs match; null otherwise. */
async function idsOfState(db: Queryable, filter: JobFilter): Promise<string[] | null> {
  const { tenant, after, limit, state } = filter;
  const older = after === null ? Prisma.empty : Prisma.sql`AND id < ${after}`;
  const newest = await newestOfState.only(
    db,
    Prisma.sql`
    SELECT coalesce((array_agg(id ORDER BY id DESC) FILTER (WHERE ${carriesAll(filter)}))[1:${limit}::int], '{}') AS ids,
      count(*)::int AS seen
    FROM (SELECT id, metadata FROM job WHERE tenant = ${tenant} AND state = ${state} ${older}
      ORDER BY id DESC LIMIT ${LOOKED_AT}) job`,
  );
  const isAll = newest.ids.length >= limit || newest.seen < LOOKED_AT;
  return isAll ? newest.ids : null;
}

/** Labels are counted up to this number. Above it, all are equally slow to read. */
const COUNTED = 1_000;

async function rarestLabel(db: Queryable, { tenant, metadata }: JobFilter): Promise<bigint> {
  const rarest = await rarestOf.only(
    db,
    Prisma.sql`
    SELECT label FROM (SELECT metadata_label(key, value) AS label
      FROM jsonb_each_text(${JSON.stringify(metadata)}::jsonb)) wanted,
      LATERAL (SELECT count(*) FROM (SELECT FROM job_label
        WHERE tenant = ${tenant} AND job_label.label = wanted.label LIMIT ${COUNTED}) carriers) counted
    ORDER BY count LIMIT 1`,
  );
  return rarest.label;
}

const carriesAll = ({ metadata }: JobFilter): Prisma.Sql =>
  Prisma.sql`job.metadata @> ${JSON.stringify(metadata)}::jsonb`;
