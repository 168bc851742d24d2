import type { JobState } from '../../contract/states.js';
import { bigint, int, text, texts } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import type { Job } from './rows.js';

/** The place of a job in a list, after which a page begins. */
export type JobPlace =
  | { readonly by: 'created_at'; readonly id: string }
  | { readonly by: 'accuracy'; readonly value: number; readonly id: string };

export interface JobFilter {
  readonly tenant: string;
  readonly orderBy: JobPlace['by'];
  readonly after: JobPlace | null;
  readonly limit: number;
  /** Null: every state. */
  readonly states: readonly JobState[] | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly datasetId: string | null;
  /** Id of the sweep of whose trials they are the jobs. */
  readonly sweepId: string | null;
  readonly createdAfter: Date | null;
  readonly createdBefore: Date | null;
  readonly isArchived: boolean;
  /** Words of the name or the notes, or the beginning of an id. */
  readonly q: string | null;
}

const found = statement('jobs-found', { id: text });
const carriers = statement('jobs-with-label', { id: text });
const newestOfState = statement('newest-of-state', { ids: texts, seen: int });
const rarestOf = statement('rarest-label', { label: bigint });

/** Jobs that match the filter, newest or most accurate first. */
export async function findJobs(db: Queryable, filter: JobFilter): Promise<Job[]> {
  const isByLabel = Object.keys(filter.metadata).length > 0 && filter.orderBy === 'created_at';
  const ids = isByLabel ? await idsByMetadata(db, filter) : await idsInOrder(db, filter);
  const rows = await db.job.findMany({ where: { id: { in: ids } } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

const ACCURACY = Prisma.sql`(job.result->>'test_accuracy')::float8`;

async function idsInOrder(db: Queryable, filter: JobFilter): Promise<string[]> {
  const isByAccuracy = filter.orderBy === 'accuracy';
  const order = isByAccuracy ? Prisma.sql`${ACCURACY} DESC, id DESC` : Prisma.sql`id DESC`;
  const measured = isByAccuracy
    ? [Prisma.sql`job.result IS NOT NULL`, Prisma.sql`${ACCURACY} IS NOT NULL`]
    : [];
  const metadata = Object.keys(filter.metadata).length === 0 ? [] : [carriesAll(filter)];
  const wanted = [
    Prisma.sql`tenant = ${filter.tenant}`,
    ...measured,
    ...placedAfter(filter.after),
    ...metadata,
    ...conditions(filter),
  ];
  const rows = await found.rows(
    db,
    Prisma.sql`SELECT id FROM job WHERE ${Prisma.join(wanted, ' AND ')} ORDER BY ${order} LIMIT ${filter.limit}`,
  );
  return rows.map(({ id }) => id);
}

function placedAfter(place: JobPlace | null): Prisma.Sql[] {
  if (place === null) return [];
  return place.by === 'accuracy'
    ? [Prisma.sql`(${ACCURACY}, job.id) < (${place.value}::float8, ${place.id})`]
    : [Prisma.sql`job.id < ${place.id}`];
}

/**
 * Largest difference between the time at which an id begins and `created_at`. The id is made first, from an estimate of
 * the database's clock.
 */
const APART_MS = 3_600_000;
const idAt = (ms: number): string => `job_${Math.max(0, ms).toString(16).padStart(11, '0')}`;

/** Conditions of the filter besides tenant, place and metadata. */
function conditions(filter: JobFilter): Prisma.Sql[] {
  const { states, datasetId, sweepId, createdAfter, createdBefore, isArchived, q } = filter;
  const sql = Prisma.sql;
  return [
    isArchived ? sql`job.archived_at IS NOT NULL` : sql`job.archived_at IS NULL`,
    ...(states === null ? [] : [isInState(states)]),
    ...(datasetId === null ? [] : [sql`job.dataset_id = ${datasetId}`]),
    ...(sweepId === null ? [] : [isOfSweep(sweepId)]),
    ...(createdAfter === null
      ? []
      : [sql`job.id >= ${idAt(createdAfter.getTime() - APART_MS)} AND job.created_at >= ${createdAfter}`]),
    ...(createdBefore === null
      ? []
      : [sql`job.id < ${idAt(createdBefore.getTime() + APART_MS)} AND job.created_at < ${createdBefore}`]),
    ...(q === null ? [] : [matches(q)]),
  ];
}

const isInState = (states: readonly JobState[]): Prisma.Sql =>
  states.length === 1
    ? Prisma.sql`job.state = ${states[0]}`
    : Prisma.sql`job.state IN (${Prisma.join([...states])})`;

const isOfSweep = (id: string): Prisma.Sql => Prisma.sql`job.id IN (
    SELECT job_id FROM sweep_trial WHERE sweep_id = ${id} UNION ALL SELECT refit_job_id FROM sweep WHERE id = ${id})`;

/** The same characters separate words as in the function job_words. */
const PUNCTUATION = /[\s!-/:-@[-`{-~]+/;

function matches(q: string): Prisma.Sql {
  if (/^job_[0-9a-f]*$/.test(q)) return Prisma.sql`job.id >= ${q} AND job.id < ${`${q}g`}`;
  const words = q.split(PUNCTUATION).filter((word) => word !== '');
  const query = words.map((word) => `'${word}':*`).join(' & ');
  return Prisma.sql`job_words(job.name, job.notes) @@ to_tsquery('simple', ${query})`;
}

/** Maximum number of jobs in a state that are checked one by one. */
const LOOKED_AT = 2_000;

/**
 * Jobs with a pair are indexed in list order (job_label), so a page is read fast, however many jobs have the pair.
 * Further pairs and the other conditions are checked for each job on the way. This is slow only if all are common, but
 * rarely occur together.
 */
async function idsByMetadata(db: Queryable, filter: JobFilter): Promise<string[]> {
  const { tenant, after, limit, states } = filter;
  const ofState = states === null ? null : await idsOfState(db, filter);
  if (ofState !== null) return ofState;
  const older = after === null ? Prisma.empty : Prisma.sql`AND job_id < ${after.id}`;
  // OFFSET 0 prevents Postgres from merging the labels with all jobs, and reading every newer job without the
  // label.
  const rows = await carriers.rows(
    db,
    Prisma.sql`
    SELECT job.id FROM job_label CROSS JOIN LATERAL (
      SELECT id FROM job WHERE id = job_label.job_id AND ${carriesAll(filter)}
        AND ${Prisma.join(conditions(filter), ' AND ')} OFFSET 0) job
    WHERE tenant = ${tenant} AND label = ${await rarestLabel(db, filter)} ${older}
    ORDER BY job_id DESC LIMIT ${limit}`,
  );
  return rows.map(({ id }) => id);
}

/** Matching jobs of the states, if few jobs are in them or many of their newest jobs match; null otherwise. */
async function idsOfState(db: Queryable, filter: JobFilter): Promise<string[] | null> {
  const { tenant, after, limit, states } = filter;
  if (states === null) return null;
  const older = after === null ? Prisma.empty : Prisma.sql`AND id < ${after.id}`;
  const newest = await newestOfState.only(
    db,
    Prisma.sql`
    SELECT coalesce((array_agg(id ORDER BY id DESC)
        FILTER (WHERE ${carriesAll(filter)} AND ${Prisma.join(conditions(filter), ' AND ')}))[1:${limit}::int], '{}') AS ids,
      count(*)::int AS seen
    FROM (SELECT * FROM job WHERE tenant = ${tenant} AND ${isInState(states)} ${older}
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
