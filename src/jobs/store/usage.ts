import { COLUMNS } from './columns.js';
import { bigint, float, type RowOf, time } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

const FIGURES = {
  now: time,
  /** Seconds at work, without pauses. */
  wallSeconds: float,
  messageBytes: bigint,
  artifactBytes: bigint,
  earlyEnd: COLUMNS.job.earlyEnd,
};
export type UsageFigures = RowOf<typeof FIGURES>;
const usage = statement('job-usage', FIGURES);

/**
 * Seconds and bytes that a job has used, besides the time of its attempts. Outputs of stages that are no weights are
 * messages, and so is what trainers of a gang have sent to each other.
 */
export function readJobUsage(db: Queryable, jobId: string): Promise<UsageFigures> {
  return usage.only(
    db,
    Prisma.sql`
    SELECT now() AS now,
      ran_seconds + coalesce(extract(epoch FROM coalesce(finished_at, now()) - running_since), 0)::float8
        AS "wallSeconds",
      (SELECT coalesce(sum((output.value->>'size_bytes')::bigint), 0)::bigint
        FROM task, jsonb_each(task.outputs) AS output
        WHERE task.job_id = job.id AND task.kind = 'stage' AND output.key NOT LIKE 'state%')
      + (SELECT coalesce(sum((task.result->>'stream_bytes')::bigint), 0)::bigint
        FROM task WHERE task.job_id = job.id AND task.kind = 'stage') AS "messageBytes",
      (SELECT coalesce(sum(size_bytes), 0)::bigint FROM artifact WHERE artifact.job_id = job.id) AS "artifactBytes",
      early_end AS "earlyEnd"
    FROM job WHERE id = ${jobId}`,
  );
}
