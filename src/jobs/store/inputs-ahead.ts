import type { BlobUri } from '../../contract/trainer-protocol.js';
import { float, orNull, type RowOf, textOf } from './connection/column.js';
import type { Pooled } from './connection/database.js';
import { prepare } from './connection/prepared.js';
import type { Task } from './rows.js';

/** An input of a task that may be next on a slot. */
const INPUT_AHEAD = {
  /** Null until the task that makes it has succeeded. */
  uri: orNull(textOf<BlobUri>()),
  bytes: orNull(float),
};
export type InputAhead = RowOf<typeof INPUT_AHEAD>;

// A slot that ends a task takes one that it has opened, or another ready one of the job.
// $1: the running task, $2: its job.
const ahead = prepare(
  'inputs-ahead',
  INPUT_AHEAD,
  `WITH near AS (
    SELECT reader.id FROM task_dependency JOIN task reader ON reader.id = task_id
    WHERE needs_id = $1 AND reader.state IN ('waiting', 'ready')
    UNION
    (SELECT task.id FROM job JOIN task ON task.state = 'ready' AND task.tenant = job.tenant
      AND task.priority = job.priority AND task.job_id = job.id
    WHERE job.id = $2 ORDER BY task.position LIMIT 1)
  )
  SELECT made.output->>'uri' AS uri, (made.output->>'size_bytes')::float8 AS bytes
  FROM task running JOIN task reader ON reader.id = ANY (ARRAY(SELECT id FROM near))
    CROSS JOIN LATERAL jsonb_each(reader.inputs) AS input(name, source)
    JOIN task producer ON producer.job_id = reader.job_id AND producer.key = source->>'task'
    CROSS JOIN LATERAL (
      SELECT CASE WHEN producer.state = 'succeeded' THEN producer.outputs->(source->>'output') END AS output
    ) made
  WHERE running.id = $1 AND producer.id <> $1
  ORDER BY reader.stage IS DISTINCT FROM running.stage, reader.position, name`,
);

/**
 * Inputs of the tasks that a slot most probably takes after this one, the most probable task first: its stage's next one, the
 * others that wait for it, and the next ready task of its job. Outputs of the running task itself are not among them.
 */
export function findInputsAhead(
  db: Pooled,
  { id, jobId }: Pick<Task, 'id' | 'jobId'>,
): Promise<InputAhead[]> {
  return ahead(db, [id, jobId]);
}
