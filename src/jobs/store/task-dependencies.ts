import type { Queryable, Transaction } from './database.js';

export interface Dependency {
  readonly taskId: string;
  readonly needsId: string;
}

export async function insertDependencies(
  tx: Transaction,
  dependencies: readonly Dependency[],
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO task_dependency (task_id, needs_id)
    SELECT "taskId", "needsId" FROM jsonb_to_recordset(${JSON.stringify(dependencies)}::jsonb)
      AS planned ("taskId" text, "needsId" text)`;
}

/**
 * Counts `taskId` off for every task that waited for it; those that waited for nothing else become ready. Through an array,
 * or Postgres would join with all that wait.
 */
export async function openDependents(tx: Transaction, taskId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE task SET
      waiting = waiting - 1,
      state = CASE WHEN waiting = 1 THEN 'ready' ELSE state END,
      due_at = now()
    WHERE id = ANY (ARRAY(SELECT task_id FROM task_dependency WHERE needs_id = ${taskId})) AND state = 'waiting'`;
}

/**
 * Lets a task, and those that need it, wait for what they need and is not there: outputs are made again that were there
 * before. A task that runs is left alone; it is counted when it comes back.
 */
export async function recountNeeds(tx: Transaction, taskId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE task SET waiting = open.needs, state = CASE WHEN open.needs > 0 THEN 'waiting' ELSE 'ready' END
    FROM (
      SELECT near.id, count(*) FILTER (WHERE needed.state <> 'succeeded')::int AS needs
      FROM task near
      LEFT JOIN task_dependency d ON d.task_id = near.id LEFT JOIN task needed ON needed.id = d.needs_id
      WHERE near.id = ${taskId} OR near.id IN (SELECT task_id FROM task_dependency WHERE needs_id = ${taskId})
      GROUP BY near.id
    ) AS open
    WHERE task.id = open.id AND task.state IN ('ready', 'waiting') AND task.waiting <> open.needs`;
}

/** For each task of a job the keys of the tasks it needs. */
export async function dependencyKeys(db: Queryable, jobId: string): Promise<Map<string, string[]>> {
  const rows = await db.taskDependency.findMany({
    where: { task: { jobId } },
    select: { taskId: true, needs: { select: { key: true } } },
    orderBy: { needs: { position: 'asc' } },
  });
  const keys = new Map<string, string[]>();
  for (const { taskId, needs } of rows) keys.set(taskId, [...(keys.get(taskId) ?? []), needs.key]);
  return keys;
}

/** Names of the outputs of a task that others read. */
export async function outputsNeeded(
  tx: Transaction,
  { taskId, key }: { readonly taskId: string; readonly key: string },
): Promise<string[]> {
  const rows = await tx.$queryRaw<{ output: string }[]>`
    SELECT DISTINCT source->>'output' AS output
    FROM task_dependency needed JOIN task reader ON reader.id = needed.task_id
    CROSS JOIN LATERAL jsonb_each(reader.inputs) AS input(name, source)
    WHERE needed.needs_id = ${taskId} AND source->>'task' = ${key}`;
  return rows.map((row) => row.output);
}
