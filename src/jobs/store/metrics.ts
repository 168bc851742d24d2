import type { MetricSample } from '../../contract/trainer-protocol.js';
import type { SeriesEnd } from './columns.js';
import { float, int, type RowOf, text, time } from './connection/column.js';
import type { Queryable, Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

/** Value of the stage column for metrics of the whole network. */
export const WHOLE_NETWORK = -1;

/**
 * Writes samples, one per series and step: a later attempt overwrites the samples of an earlier one. The caller has
 * verified that the attempt is the current one. The times of a job's samples rise in the order of the commits, because
 * the lock is held until then: a reader of what was written since a time misses nothing.
 */
export async function writeMetrics(
  tx: Transaction,
  jobId: string,
  attempt: number,
  samples: readonly MetricSample[],
): Promise<void> {
  if (samples.length === 0) return;
  const sql = {
    job: Prisma.sql`${jobId}`,
    attempt: Prisma.sql`${attempt}`,
    samples: Prisma.sql`${encodeSamples(samples)}::jsonb`,
  };
  await tx.$executeRaw`WITH ${insertingSamples(sql)} SELECT count(*) FROM written`;
}

/**
 * Common table expressions that write samples: `written` holds the points. The values are SQL; where `job` is null, nothing is
 * written.
 */
export function insertingSamples({
  job,
  attempt,
  samples,
}: Readonly<Record<'job' | 'attempt' | 'samples', Prisma.Sql>>): Prisma.Sql {
  return Prisma.sql`
    measured AS MATERIALIZED (SELECT ${job}::text AS job_id),
    metrics_locked AS MATERIALIZED (SELECT job_id, lock_metrics(job_id) FROM measured WHERE job_id IS NOT NULL),
    moment AS MATERIALIZED (SELECT job_id, clock_timestamp() AS at FROM metrics_locked),
    written AS (
      INSERT INTO metric_point (job_id, name, stage, step, attempt, value, at)
      SELECT job_id, name, stage, step, ${attempt}::int, value, at
      FROM moment, jsonb_to_recordset(${samples}) AS sample (name text, stage int, step int, value float8)
      ON CONFLICT (job_id, name, stage, step)
        DO UPDATE SET attempt = excluded.attempt, value = excluded.value, at = excluded.at
      RETURNING step
    )`;
}

/** Keeps the last sample of each series and step, because one statement must not change a row twice. */
export function encodeSamples(samples: readonly MetricSample[]): string {
  const rows = new Map<string, object>();
  for (const { name, stage, step, value } of samples) {
    const place = stage ?? WHOLE_NETWORK;
    // JSON has no NaN and infinity, but Postgres can read them as text.
    const number = Number.isFinite(value) ? value : String(value);
    rows.set(`${name}/${place}/${step}`, { name, stage: place, step, value: number });
  }
  return JSON.stringify([...rows.values()]);
}

export const POINT = { name: text, stage: int, step: int, value: float, attempt: int, at: time };
export type PointRow = RowOf<typeof POINT>;

const written = statement('written-metrics', POINT);
const streamed = statement('stream-metrics', POINT);
const since = statement('metrics-since', POINT);

export interface MetricFilter {
  readonly names: readonly string[] | null;
  readonly stage: number | null;
  readonly fromStep: number;
  readonly toStep: number;
}

/** The largest step that the column holds. */
export const MAX_STEP = 2 ** 31 - 1;
export const EVERY_POINT: MetricFilter = { names: null, stage: null, fromStep: 0, toStep: MAX_STEP };

/**
 * Points that were written at `since` or later, also those that a repeated attempt has written again. At most `points` of
 * every series, ordered by series and step; of more, the first and the last point are kept, and the minimum and
 * maximum of equal parts between them.
 */
export function writtenMetrics(
  db: Queryable,
  jobId: string,
  filter: MetricFilter & { readonly since: Date },
  points: number,
): Promise<PointRow[]> {
  const parts = Math.floor((points - 2) / 2);
  return written.rows(
    db,
    Prisma.sql`
    WITH numbered AS MATERIALIZED (
      SELECT name, stage, step, value, attempt, at, row_number() OVER series AS n,
        count(*) OVER (PARTITION BY name, stage) AS total
      FROM metric_point WHERE ${matches(jobId, filter)} AND at >= ${filter.since}
      WINDOW series AS (PARTITION BY name, stage ORDER BY step)
    ), cut AS (
      SELECT *, CASE
        WHEN total <= ${points}::int THEN n
        WHEN n = 1 THEN 0
        WHEN n = total THEN ${parts}::int + 1
        ELSE 1 + (n - 2) * ${parts}::int / (total - 2) END AS part
      FROM numbered WHERE ${parts}::int > 0 OR total <= ${points}::int OR n = 1 OR n = total
    ), ranked AS (
      SELECT *, min(value) OVER part AS lowest, max(value) OVER part AS highest
      FROM cut WINDOW part AS (PARTITION BY name, stage, part)
    ), extremes AS (
      SELECT DISTINCT ON (name, stage, part, value) name, stage, step, value, attempt, at
      FROM ranked WHERE value = lowest OR value = highest ORDER BY name, stage, part, value, step
    )
    SELECT * FROM extremes ORDER BY name, stage, step`,
  );
}

/** The last point of a series. */
const CURVE_END = { name: text, stage: int, step: int, value: float };
export type CurveEnd = RowOf<typeof CURVE_END>;
const ends = statement('curve-ends', CURVE_END);

export function curveEnds(db: Queryable, jobId: string): Promise<CurveEnd[]> {
  return ends.rows(
    db,
    Prisma.sql`
    SELECT DISTINCT ON (name, stage) name, stage, step, value FROM metric_point
    WHERE ${matches(jobId, EVERY_POINT)}
    ORDER BY name, stage, step DESC`,
  );
}

const POINTS_A_READ = 5_000;

/** All points in the same order, read in batches, because a long job has millions. */
export async function* streamPoints(
  db: Queryable,
  jobId: string,
  filter: MetricFilter,
): AsyncGenerator<PointRow> {
  let after = Prisma.empty;
  for (;;) {
    const rows = await streamed.rows(
      db,
      Prisma.sql`
      SELECT name, stage, step, value, attempt, at FROM metric_point
      WHERE ${matches(jobId, filter)} ${after}
      ORDER BY name, stage, step LIMIT ${POINTS_A_READ}`,
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < POINTS_A_READ) return;
    after = Prisma.sql`AND (name, stage, step) > (${last.name}, ${last.stage}::int, ${last.step}::int)`;
  }
}

/**
 * Points after the given end of each series, at most `points` of each, by series and step. It reads nothing before them: the
 * cost does not grow with the job.
 */
export function pointsSince(
  db: Queryable,
  jobId: string,
  ends: readonly SeriesEnd[],
  points: number,
): Promise<PointRow[]> {
  return since.rows(
    db,
    Prisma.sql`
    WITH RECURSIVE
    -- The series of the job, found by steps through the primary key.
    series AS (
      (SELECT name, stage FROM metric_point WHERE job_id = ${jobId} ORDER BY name, stage LIMIT 1)
      UNION ALL
      SELECT next.* FROM series CROSS JOIN LATERAL (
        SELECT name, stage FROM metric_point WHERE job_id = ${jobId} AND (name, stage) > (series.name, series.stage)
        ORDER BY name, stage LIMIT 1
      ) next
    ),
    ends AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(ends)}::jsonb) AS ends (name text, stage int, step int))
    SELECT point.* FROM series LEFT JOIN ends USING (name, stage)
    CROSS JOIN LATERAL (
      SELECT name, stage, step, value, attempt, at FROM metric_point
      WHERE job_id = ${jobId} AND name = series.name AND stage = series.stage AND step > coalesce(ends.step, -1)
        AND value > '-Infinity' AND value < 'Infinity'
      ORDER BY step LIMIT ${points}::int
    ) point
    ORDER BY name, stage, step`,
  );
}

/** The ends of the series once these points have been read too. @param points by series and step */
export function endsAfter(ends: readonly SeriesEnd[], points: readonly SeriesEnd[]): SeriesEnd[] {
  const last = new Map(
    [...ends, ...points].map(({ name, stage, step }) => [`${name}/${stage}`, { name, stage, step }]),
  );
  return [...last.values()];
}

function matches(jobId: string, { names, stage, fromStep, toStep }: MetricFilter): Prisma.Sql {
  const named = names === null ? Prisma.empty : Prisma.sql`AND name IN (${Prisma.join([...names])})`;
  const staged = stage === null ? Prisma.empty : Prisma.sql`AND stage = ${stage}::int`;
  const ranged =
    fromStep > 0 || toStep < MAX_STEP
      ? Prisma.sql`AND step BETWEEN ${fromStep}::int AND ${toStep}::int`
      : Prisma.empty;
  return Prisma.sql`job_id = ${jobId} AND value > '-Infinity' AND value < 'Infinity' ${named} ${staged} ${ranged}`;
}
