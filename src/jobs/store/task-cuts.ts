import { needsOf, type PlannedTask } from '../../planning/tasks/task-graph.js';
import { COLUMNS } from './columns.js';
import { flag, float, int, orNull, type RowOf, text } from './connection/column.js';
import type { Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { recountNeeds } from './task-dependencies.js';

// Changes of the task graph of a job at work. The caller has locked the job.

const DROPPED = {
  key: text,
  kind: COLUMNS.task.kind,
  stage: orNull(int),
  round: orNull(int),
  replica: orNull(int),
  attempt: int,
  /** Whether an attempt was under way. */
  ran: flag,
};
export type DroppedTask = RowOf<typeof DROPPED>;
const dropped = statement('drop-tasks', DROPPED);

/**
 * Cancels those of a job's tasks that have not ended. An attempt under way loses its claim. Without weight they count neither
 * as done nor as left.
 */
export function dropTasks(
  tx: Transaction,
  jobId: string,
  keys: readonly string[],
): Promise<readonly DroppedTask[]> {
  return dropped.rows(
    tx,
    Prisma.sql`
    WITH open AS MATERIALIZED (
      SELECT id, state FROM task
      WHERE job_id = ${jobId} AND key = ANY (${keys}) AND state IN ('waiting', 'ready', 'running')
    ), kept AS (
      DELETE FROM checkpoint USING open WHERE task_id = open.id
    )
    UPDATE task SET state = 'cancelled', lease_until = NULL, weight = 0, finished_at = now() FROM open
    WHERE task.id = open.id
    RETURNING key, kind, stage, round, replica, attempt, open.state = 'running' AS ran`,
  );
}

/**
 * Connects waiting tasks of a job with other tasks than before.
 * @returns the number of those that became claimable
 */
export async function rewireTasks(
  tx: Transaction,
  jobId: string,
  tasks: readonly PlannedTask[],
): Promise<number> {
  const rows = JSON.stringify(
    tasks.map((task) => ({ key: task.key, round: task.round, inputs: task.inputs, needs: needsOf(task) })),
  );
  await tx.$executeRaw`
    UPDATE task SET inputs = planned.inputs, round = planned.round, due_at = now()
    FROM jsonb_to_recordset(${rows}::jsonb) AS planned (key text, round int, inputs jsonb)
    WHERE job_id = ${jobId} AND task.key = planned.key`;
  const where = { jobId, key: { in: tasks.map(({ key }) => key) } };
  const ids = (await tx.task.findMany({ where, select: { id: true } })).map(({ id }) => id);
  await tx.taskDependency.deleteMany({ where: { taskId: { in: ids } } });
  await tx.$executeRaw`
    INSERT INTO task_dependency (task_id, needs_id)
    SELECT reader.id, needed.id
    FROM jsonb_to_recordset(${rows}::jsonb) AS planned (key text, needs jsonb)
    CROSS JOIN LATERAL jsonb_array_elements_text(planned.needs) AS need(key)
    JOIN task reader ON reader.job_id = ${jobId} AND reader.key = planned.key
    JOIN task needed ON needed.job_id = ${jobId} AND needed.key = need.key`;
  for (const id of ids) await recountNeeds(tx, id);
  return tx.task.count({ where: { ...where, state: 'ready' } });
}

const LAST_ROUND = { round: orNull(int) };
const trained = statement('last-trained-round', LAST_ROUND);

/** The last round of the layer-parallel phase that every stage has trained; null before there is one. */
export async function lastTrainedRound(tx: Transaction, jobId: string): Promise<number | null> {
  const { round } = await trained.only(
    tx,
    Prisma.sql`
    SELECT max(round) AS round FROM (
      SELECT round FROM task WHERE job_id = ${jobId} AND kind = 'stage'
      GROUP BY round HAVING bool_and(state = 'succeeded')) AS trained`,
  );
  return round;
}

const EVALUATION = { key: text, value: orNull(float) };
const evaluated = statement('values-of-evaluations', EVALUATION);

/** The values of a metric in the evaluations of a job, by their keys; null for one that was no number. */
export async function valuesOfEvaluations(
  tx: Transaction,
  jobId: string,
  metric: string,
): Promise<ReadonlyMap<string, number | null>> {
  const rows = await evaluated.rows(
    tx,
    Prisma.sql`
    SELECT key, (result->>${metric})::float8 AS value FROM task
    WHERE job_id = ${jobId} AND kind = 'evaluate' AND state = 'succeeded'`,
  );
  return new Map(rows.map(({ key, value }) => [key, value]));
}
