import pg from 'pg';

const TENANTS = 20;
const TASKS_A_JOB = 10;

/** Ready tasks of jobs like `jobId`, of the lowest priority and of other tenants, ten a job. */
export async function fillReadyTasks(databaseUrl: string, jobId: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO job (id, tenant, name, metadata, state, priority, dataset_id, spec, plan, planned_at)
       SELECT 'job_x' || lpad(n::text, 6, '0'), 't' || lpad((n % $3::int)::text, 2, '0'), '', '{}', 'queued', -100,
         dataset_id, spec, plan, now()
       FROM generate_series(1, $2::int) n, (SELECT * FROM job WHERE id = $1) model`,
      [jobId, Math.ceil(count / TASKS_A_JOB), TENANTS],
    );
    await client.query(
      `INSERT INTO task (id, job_id, tenant, key, position, kind, state, waiting, inputs, weight, priority)
       SELECT 'task_x' || job.id || n, job.id, job.tenant, 'k' || n, n, 'stage', 'ready', 0, '{}', 1, -100
       FROM generate_series(1, $1::int) n, job WHERE job.id LIKE 'job\\_x%'`,
      [Math.min(count, TASKS_A_JOB)],
    );
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}
