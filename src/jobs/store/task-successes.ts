import type { TaskSuccess } from '../../contract/trainer-protocol.js';
import { int, type RowOf, texts } from './connection/column.js';
import type { Transaction } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { type Fence, isCurrent } from './leases.js';

const OPENING = {
  /** Number of tasks that became claimable. */
  opened: int,
  /** Names of the outputs that other tasks read. */
  needed: texts,
};
export type Opening = RowOf<typeof OPENING>;
const succeeded = statement('end-succeeded', OPENING);

/**
 * running > succeeded, if `fence` is the current claim. Deletes the checkpoint, reduces the missing inputs of the
 * tasks that wait for this one, makes those without missing inputs ready. A single statement, because a
 * device waits for it.
 * @returns null for a stale attempt, which has changed nothing
 */
export function endSucceeded(
  tx: Transaction,
  fence: Fence,
  { outputs, result, seconds, trainers = [] }: TaskSuccess,
): Promise<Opening | null> {
  const hasSpool = Object.values(outputs).some(({ uri }) => uri.startsWith('spool:'));
  // Readers are given as an array, because Postgres would otherwise join with every waiting task.
  return succeeded.first(
    tx,
    Prisma.sql`
    WITH ended AS (
      UPDATE task SET state = 'succeeded', lease_until = NULL, progress = 1, finished_at = now(), has_spool = ${hasSpool},
        outputs = ${JSON.stringify(outputs)}::jsonb, result = ${JSON.stringify(result)}::jsonb,
        seconds = ${JSON.stringify(seconds)}::jsonb,
        trainer_seconds = nullif(${JSON.stringify(trainers)}::jsonb, '[]')
      WHERE ${isCurrent(fence)}
      RETURNING id, key
    ), readers AS MATERIALIZED (
      SELECT task_id FROM task_dependency JOIN ended ON needs_id = ended.id
    ), opened AS (
      UPDATE task SET waiting = waiting - 1, state = CASE WHEN waiting = 1 THEN 'ready' ELSE state END, due_at = now()
      WHERE id = ANY (ARRAY(SELECT task_id FROM readers)) AND state = 'waiting'
      RETURNING state
    ), dropped AS (
      DELETE FROM checkpoint USING ended WHERE task_id = ended.id
    )
    SELECT (SELECT count(*)::int FROM opened WHERE state = 'ready') AS opened, ARRAY(
      SELECT DISTINCT source->>'output'
      FROM task reader CROSS JOIN LATERAL jsonb_each(reader.inputs) AS input(name, source)
      WHERE reader.id = ANY (ARRAY(SELECT task_id FROM readers)) AND source->>'task' = ended.key
    ) AS needed
    FROM ended`,
  );
}
