import { COLUMNS, type StoredProvenance } from './columns.js';
import { int, texts } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

const ENVIRONMENT = { runtime: COLUMNS.task.runtime, devices: texts, tasks: int };
const environments = statement('runtimes-of-job', ENVIRONMENT);

/** The runtimes of a job's tasks, each with its devices and the number of its tasks; the one with most tasks first. */
export async function trainedIn(db: Queryable, jobId: string): Promise<StoredProvenance['environments']> {
  const rows = await environments.rows(
    db,
    Prisma.sql`
    SELECT runtime, array_agg(DISTINCT device ORDER BY device) AS devices, count(*)::int AS tasks
    FROM task WHERE job_id = ${jobId} AND state = 'succeeded' AND runtime IS NOT NULL
    GROUP BY runtime ORDER BY tasks DESC, runtime`,
  );
  return rows.flatMap(({ runtime, devices, tasks }) => (runtime ? [{ ...runtime, devices, tasks }] : []));
}
