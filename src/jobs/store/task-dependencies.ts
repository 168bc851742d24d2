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
 * Counts the missing inputs of a task, and of the tasks that need it, again. They wait for outputs that existed
 * before and are being made again. Running tasks are skipped; they are counted when they return.
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
