import { float, int, text } from './connection/column.js';
import type { Database } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import { WHOLE_NETWORK } from './metrics.js';

/** Metrics that a list of jobs shows. */
export interface JobCurve {
  /** Last value of each metric that a list shows, by name. */
  readonly latest: Record<string, number>;
  /** The loss from its first to its last step, at equal distances. */
  readonly spark: number[];
}

const LATEST = ['loss', 'test_accuracy', 'validation_accuracy', 'compact_accuracy'];
const SPARK_POINTS = 30;

const FINITE = `value > '-Infinity' AND value < 'Infinity'`;
const POINT = { id: text, name: text, step: int, value: float };

/**
 * The loss of the last stage, and in the end-to-end phase that of the whole network; the other metrics belong to the whole
 * network. Each is one step through the primary key from its end.
 */
const latest = prepare(
  'latest-metrics',
  POINT,
  `SELECT id, name, step, value FROM unnest($1::text[]) AS id CROSS JOIN unnest($2::text[]) AS names (name)
   CROSS JOIN LATERAL (
     SELECT step, value FROM (
       (SELECT step, value FROM metric_point point WHERE job_id = id AND point.name = names.name AND ${FINITE}
        ORDER BY stage DESC, step DESC LIMIT 1)
       UNION ALL
       (SELECT step, value FROM metric_point point WHERE job_id = id AND point.name = names.name
        AND stage = ${WHOLE_NETWORK} AND ${FINITE} ORDER BY step DESC LIMIT 1)
     ) ends ORDER BY step DESC LIMIT 1
   ) last`,
);

const sparks = prepare(
  'spark-metrics',
  POINT,
  `SELECT DISTINCT ON (id, point.step) id, 'loss' AS name, point.step, point.value
   FROM unnest($1::text[], $2::int[]) AS asked (id, last)
   CROSS JOIN LATERAL (
     SELECT stage, step AS first FROM metric_point WHERE job_id = id AND name = 'loss' AND ${FINITE}
     AND stage = (SELECT stage FROM metric_point WHERE job_id = id AND name = 'loss' ORDER BY stage DESC LIMIT 1)
     ORDER BY step LIMIT 1
   ) start
   CROSS JOIN LATERAL (
     SELECT first + ((last - first)::bigint * n / ${SPARK_POINTS - 1})::int AS place
     FROM generate_series(0, ${SPARK_POINTS - 1}) AS n
   ) places
   CROSS JOIN LATERAL (
     SELECT step, value FROM (
       (SELECT step, value, 0 AS rank FROM metric_point
        WHERE job_id = id AND name = 'loss' AND stage = start.stage AND step >= place AND ${FINITE} ORDER BY step LIMIT 1)
       UNION ALL
       (SELECT step, value, 1 AS rank FROM metric_point
        WHERE job_id = id AND name = 'loss' AND stage = ${WHOLE_NETWORK} AND step >= place AND ${FINITE} ORDER BY step LIMIT 1)
     ) next ORDER BY rank LIMIT 1
   ) point
   ORDER BY id, point.step`,
);

/** Curves of the jobs that have metrics. */
export async function findCurves(db: Database, ids: readonly string[]): Promise<Map<string, JobCurve>> {
  const curves = new Map<string, JobCurve>();
  if (ids.length === 0) return curves;
  const ends = await latest(db, [ids, LATEST]);
  const curveOf = (id: string): JobCurve => {
    const curve = curves.get(id) ?? { latest: {}, spark: [] };
    curves.set(id, curve);
    return curve;
  };
  for (const { id, name, value } of ends) curveOf(id).latest[name] = value;
  const losses = ends.filter(({ name }) => name === 'loss');
  if (losses.length === 0) return curves;
  const points = await sparks(db, [losses.map(({ id }) => id), losses.map(({ step }) => step)]);
  for (const { id, value } of points) curveOf(id).spark.push(value);
  return curves;
}
