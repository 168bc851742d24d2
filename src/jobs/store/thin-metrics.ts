import type { Database } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { type MetricFilter, POINT, type PointRow } from './metrics.js';

const FINITE = `value > '-Infinity' AND value < 'Infinity'`;

/** Finite points of a series of the CTE `of`, between two steps that are included. */
const pointsOf = (of: string, from: string, to: string) =>
  `metric_point WHERE job_id = $1 AND name = ${of}.name AND stage = ${of}.stage
     AND step BETWEEN ${from} AND ${to} AND ${FINITE}`;

/**
 * The least or the greatest point of every part of a series of `cut`. Buckets that lie wholly in the range stand for
 * their points; the ends of the range, which do not fill a bucket, are read point by point.
 */
const extremesOf = (side: 'low' | 'high') => `
  SELECT DISTINCT ON (step >> shift) step, value, attempt, at FROM (
    SELECT ${side}_step AS step, ${side}_value AS value, ${side}_attempt AS attempt, ${side}_at AS at FROM metric_level
    WHERE job_id = $1 AND name = cut.name AND stage = cut.stage AND metric_level.level = cut.level
      AND bucket >= lower AND bucket < upper
    UNION ALL
    SELECT step, value, attempt, at FROM ${pointsOf('cut', 'first', 'least(last, (lower << (3 * level)) - 1)')}
    UNION ALL
    SELECT step, value, attempt, at FROM ${pointsOf('cut', 'greatest(lower, upper) << (3 * level)', 'last')}
    UNION ALL
    SELECT step, value, attempt, at FROM ${pointsOf('cut', 'first', 'last')} AND level = 0
  ) found ORDER BY step >> shift, value ${side === 'low' ? 'ASC' : 'DESC'}, step`;

/**
 * $1 job, $2 names or null, $3 stage or null, $4 first step, $5 last step, $6 points. Of a series that does not fit, this reads
 * a few thousand rows, whatever its length: parts of 2^shift steps are as many as asked for, and their extremes are
 * found among the kept buckets of 8^level steps. Series are numbered, because sorting rows by name takes most of the
 * time.
 */
const thinned = prepare(
  'thin-metrics',
  POINT,
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
       SELECT FROM ${pointsOf('span', '$4', '$5')} ORDER BY step OFFSET $6 LIMIT 1
     ) AS fits FROM span
   ),
   -- Parts between the first and the last point: the smallest that are few enough, since each leaves two points.
   parts AS (
     SELECT place, name, stage, first + 1 AS first, last - 1 AS last, shift, least(shift / 3, 4) AS level FROM counted
     CROSS JOIN LATERAL (
       SELECT min(shift) AS shift FROM generate_series(0, 30) AS shift
       WHERE ((last - 1) >> shift) - ((first + 1) >> shift) < ($6 - 2) / 2
     ) smallest WHERE NOT fits AND shift IS NOT NULL
   ),
   -- Whole buckets: from lower to before upper.
   cut AS MATERIALIZED (
     SELECT *, ((first - 1) >> (3 * level)) + 1 AS lower, (last + 1) >> (3 * level) AS upper FROM parts
   ),
   chosen AS (
     SELECT place, name, stage, point.* FROM counted CROSS JOIN LATERAL (
       SELECT step, value, attempt, at FROM ${pointsOf('counted', '$4', '$5')} ORDER BY step LIMIT $6
     ) point WHERE fits
     UNION ALL
     SELECT place, name, stage, point.* FROM counted CROSS JOIN LATERAL (
       SELECT step, value, attempt, at FROM ${pointsOf('counted', 'first', 'first')}
       UNION ALL SELECT step, value, attempt, at FROM ${pointsOf('counted', 'last', 'last')}
     ) point WHERE NOT fits
     UNION ALL
     SELECT place, name, stage, point.* FROM cut CROSS JOIN LATERAL (${extremesOf('low')}) point
     UNION ALL
     SELECT place, name, stage, point.* FROM cut CROSS JOIN LATERAL (${extremesOf('high')}) point
   )
   SELECT DISTINCT ON (place, step) name, stage, step, value, attempt, at FROM chosen ORDER BY place, step`,
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
): Promise<PointRow[]> {
  return thinned(db, [jobId, names, stage, fromStep, toStep, points]);
}
