import type { Queryable, Transaction } from './connection/database.js';

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
 * Lets a task, and those that need it, wait for what they need and is not there: outputs are made again that were there
 * before. A task that runs is left alone; it is counted when it comes back. The tasks stand in an array: with a list of
 * unknown length, Postgres would join whole tables.
 */
export async function recountNeeds(tx: Transaction, taskId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE task SET waiting = open.needs, state = CASE WHEN open.needs > 0 THEN 'waiting' ELSE 'ready' END
    FROM (
      SELECT near.id, (
        SELECT count(*)::int FROM task_dependency JOIN task needed ON needed.id = needs_id
        WHERE task_id = near.id AND needed.state <> 'succeeded') AS needs
      FROM unnest(ARRAY(
        SELECT ${taskId}::text UNION ALL SELECT task_id FROM task_dependency WHERE needs_id = ${taskId})) AS near(id)
    ) AS open
    WHERE task.id = open.id AND task.state IN ('ready', 'waiting') AND task.waiting <> open.needs`;
}

/** For each task of a job, the keys of the tasks that it needs. */
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
