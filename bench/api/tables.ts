import { inBulk } from '../bulk.js';

export interface TableSizes {
  readonly jobs: number;
  /** Jobs with metrics, and how many points each has, in four series. */
  readonly measured: number;
  readonly points: number;
}

/** Fills the tables by SQL from one real job's row: finished jobs of three teams, one of them rare. */
export function fillTables(databaseUrl: string, { jobs, measured, points }: TableSizes): Promise<void> {
  return inBulk(databaseUrl, ['job', 'job_label', 'metric_point', 'metric_level'], async (client) => {
    await client.query(
      `INSERT INTO job (id, tenant, name, metadata, state, dataset_id, spec, plan, event_seq, created_at, planned_at, started_at,
         running_since, finished_at, spool_deleted_at)
       SELECT 'job_' || lpad(to_hex(n), 24, '0'), tenant, CASE WHEN n % 10000 = 0 THEN 'needle' ELSE 'hay' END, jsonb_build_object('team',
           CASE WHEN n % 10000 = 0 THEN 'rare' WHEN n % 2 = 0 THEN 'vision' ELSE 'speech' END, 'run', n::text),
         CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'succeeded' END, dataset_id, spec, plan, 1, now(), now(), now(), now(), now(), now()
       FROM (SELECT * FROM job LIMIT 1) AS model, generate_series(1, $1::int) AS n`,
      [jobs],
    );
    // As the trigger of a new job does.
    await client.query(
      `INSERT INTO job_label (tenant, label, job_id)
       SELECT tenant, metadata_label(key, value), id FROM job, jsonb_each_text(metadata)`,
    );
    await client.query(
      `INSERT INTO metric_point (job_id, name, stage, step, attempt, value)
       SELECT 'job_' || lpad(to_hex(j), 24, '0'), name, stage, step, 1, sin(step / 50.0) + random()
       FROM generate_series(1, $1::int) AS j, unnest(ARRAY['gradient_norm', 'loss']) AS name,
         generate_series(0, 1) AS stage, generate_series(0, $2::int / 4 - 1) AS step`,
      [measured, points],
    );
    // As the trigger of new points does.
    await client.query(
      `SELECT keep_metric_levels(job_id, name, stage, 0, last, false)
       FROM (SELECT job_id, name, stage, max(step) AS last FROM metric_point GROUP BY job_id, name, stage) series`,
    );
  });
}

/** The id of the nth of those jobs: 24 hex digits, in the order of time, as the ids of jobs are. */
export function idOf(n: number): string {
  return `job_${n.toString(16).padStart(24, '0')}`;
}

export interface Query {
  readonly what: string;
  readonly path: string;
}

export interface Timing extends Query {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends a GET `count` times, one after another. */
export async function time(url: string, query: Query, count: number): Promise<Timing> {
  const milliseconds: number[] = [];
  for (let n = 0; n < count; n++) {
    const started = performance.now();
    const response = await fetch(url + query.path);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${query.path}: ${response.status}`);
    milliseconds.push(performance.now() - started);
  }
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share: number) => Number(sorted[Math.min(count - 1, Math.floor(share * count))]!.toFixed(1));
  return { ...query, p50Ms: at(0.5), p99Ms: at(0.99) };
}
