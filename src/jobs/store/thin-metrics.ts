import { int, json, type RowOf, text } from './connection/column.js';
import type { Database } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import type { MetricFilter } from './metrics.js';

const FINITE = `value > '-Infinity' AND value < 'Infinity'`;

/** Finite points of a series of the CTE `of`, between two steps that are included. */
const pointsOf = (of: string, from: string, to: string) =>
  `metric_point WHERE job_id = $1 AND name = ${of}.name AND stage = ${of}.stage
     AND step BETWEEN ${from} AND ${to} AND ${FINITE}`;

/** A point as numbers that compare like the point: by `value`, then by step. */
const sortable = (value: string) => `ARRAY[${value}, step, attempt, date_part('epoch', at)]`;

/** Buckets of 8 steps and more, in powers of two, are kept: metric_level. */
const FINEST_LEVEL = 3;

/**
 * The least and the greatest point of every part of the series of `cut`. A part that lies wholly in the range is a bucket that
 * is kept. The parts at the ends of the range, and those that are smaller than the smallest bucket, are read point by point, in
 * one pass: the greatest is the least of the negated.
 */
const EXTREMES = `
  SELECT place, low_step, low_value, low_attempt, date_part('epoch', low_at) AS low_at,
    high_step, high_value, high_attempt, date_part('epoch', high_at) AS high_at
  FROM cut JOIN metric_level kept
    ON job_id = $1 AND kept.name = cut.name AND kept.stage = cut.stage AND level = shift AND bucket >= lower AND bucket < upper
  UNION ALL
  SELECT place, low[2], low[1], low[3], low[4], high[2], -high[1], high[3], high[4]
  FROM cut CROSS JOIN LATERAL (
    SELECT min(${sortable('value')}) AS low, min(${sortable('-value')}) AS high FROM (
      SELECT * FROM ${pointsOf('cut', 'first', 'least(last, (lower << shift) - 1)')}
      UNION ALL SELECT * FROM ${pointsOf('cut', 'greatest(lower, upper) << shift', 'last')}
    ) point GROUP BY step >> shift
  ) part`;

/** Columns of `chosen` besides the series. Seconds since 1970 take a fraction of the time of a date. */
const POINT = `step, value, attempt, date_part('epoch', at) AS at`;

/** A series: its points as [step, value, seconds since 1970], by step. Rows of points would take a third more time. */
const SERIES = {
  name: text,
  stage: int,
  attempt: int,
  points: json<readonly (readonly [step: number, value: number, seconds: number])[]>(),
};
export type ThinnedSeries = RowOf<typeof SERIES>;

/**
 * $1 job, $2 names or null, $3 stage or null, $4 first step, $5 last step, $6 points. Of a series that does not fit, this reads
 * about as many rows as it returns, whatever its length: parts of 2^shift steps are as many as asked for, and their extremes are
 * kept. Series are numbered, because sorting by name takes longer.
 */
const thinned = prepare(
  'thin-metrics',
  SERIES,
  `WITH RECURSIVE
   -- The series of the job, found by steps through the primary key.
   present AS (
     (SELECT name, stage FROM metric_point WHERE job_id = $1 ORDER BY name, stage LIMIT 1)
     UNION ALL
     SELECT next.* FROM present CROSS JOIN LATERAL (
       SELECT name, stage FROM metric_point WHERE job_id = $1 AND (name, stage) > (present.name, present.stage)
       ORDER BY name, stage LIMIT 1
     ) next
   ),
   series AS (
     SELECT name, stage, row_number() OVER (ORDER BY name, stage) AS place FROM present
     WHERE ($2::text[] IS NULL OR name = ANY ($2)) AND ($3::int IS NULL OR stage = $3)
   ),
   span AS (
     SELECT series.*, earliest.step AS first, latest.step AS last FROM series
     CROSS JOIN LATERAL (SELECT step FROM ${pointsOf('series', '$4', '$5')} ORDER BY step LIMIT 1) earliest
     CROSS JOIN LATERAL (SELECT step FROM ${pointsOf('series', '$4', '$5')} ORDER BY step DESC LIMIT 1) latest
   ),
   counted AS MATERIALIZED (
     SELECT *, last - first < $6::int OR NOT EXISTS (
       SELECT FROM metric_point WHERE job_id = $1 AND name = span.name AND stage = span.stage AND step BETWEEN first AND last
       ORDER BY step OFFSET $6 LIMIT 1
     ) AS fits FROM span
   ),
   -- Parts between the first and the last point: the smallest that are few enough, since each leaves two points.
   parts AS (
     SELECT place, name, stage, first + 1 AS first, last - 1 AS last, shift, (first >> shift) + 1 AS lower FROM counted
     CROSS JOIN LATERAL (
       SELECT min(shift) AS shift FROM generate_series(0, 30) AS shift
       WHERE ((last - 1) >> shift) - ((first + 1) >> shift) < ($6 - 2) / 2
     ) smallest WHERE NOT fits AND shift IS NOT NULL
   ),
   -- Parts that are kept: from lower to before upper.
   cut AS MATERIALIZED (
     SELECT *, CASE WHEN shift < ${FINEST_LEVEL} THEN lower ELSE (last + 1) >> shift END AS upper FROM parts
   ),
   extremes AS MATERIALIZED (${EXTREMES}),
   chosen AS (
     SELECT place, point.* FROM counted CROSS JOIN LATERAL (
       SELECT ${POINT} FROM ${pointsOf('counted', '$4', '$5')} ORDER BY step LIMIT $6
     ) point WHERE fits
     UNION ALL
     SELECT place, point.* FROM counted CROSS JOIN LATERAL (
       SELECT ${POINT} FROM ${pointsOf('counted', 'first', 'first')}
       UNION ALL SELECT ${POINT} FROM ${pointsOf('counted', 'last', 'last')}
     ) point WHERE NOT fits
     UNION ALL
     SELECT place, low_step, low_value, low_attempt, low_at FROM extremes
     UNION ALL
     SELECT place, high_step, high_value, high_attempt, high_at FROM extremes WHERE high_step <> low_step
   )
   SELECT name, stage, attempt, points FROM series JOIN (
     SELECT place, max(attempt)::int AS attempt, json_agg(json_build_array(step, value, at) ORDER BY step) AS points
     FROM chosen GROUP BY place
   ) gathered USING (place) ORDER BY place`,
);

/**
 * At most `points` points of every series, ordered by series and step. A longer series is reduced to its first and
 * last point, and to the minimum and maximum of parts of equally many steps between them. NaN and infinity are left
 * out, because JSON cannot represent them; a loss that is not finite fails its task anyway.
 */
export function thinMetrics(
  db: Database,
  jobId: string,
  { names, stage, fromStep, toStep }: MetricFilter,
  points: number,
): Promise<ThinnedSeries[]> {
  return thinned(db, [jobId, names, stage, fromStep, toStep, points]);
}
