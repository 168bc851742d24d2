import type { LogStream } from './columns.js';
import type { Queryable, Transaction } from './connection/database.js';

export type { LogStream } from './columns.js';

export interface NewLogLine {
  /** Number within the attempt, from 0, without gaps. Lines with an already stored number are duplicates. */
  readonly number: number;
  readonly stream: LogStream;
  readonly text: string;
  /** Time since the line was printed. The clock of the database gives the date, because all hosts share it. */
  readonly ageMs: number;
}

/** Appends lines of one attempt to the log of a locked job, without duplicates. */
export async function appendLogLines(
  tx: Transaction,
  { jobId, key, attempt }: { readonly jobId: string; readonly key: string; readonly attempt: number },
  lines: readonly NewLogLine[],
): Promise<void> {
  await tx.$executeRaw`
    WITH fresh AS (
      SELECT number, stream, text, now() - "ageMs" * interval '1 millisecond' AS at,
        row_number() OVER (ORDER BY number) AS place
      FROM jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
        AS line (number int, stream text, text text, "ageMs" float8)
      WHERE number > (SELECT coalesce(max(number), -1) FROM log_line
        WHERE job_id = ${jobId} AND task = ${key} AND attempt = ${attempt})
    ), numbered AS (
      UPDATE job SET log_seq = log_seq + (SELECT count(*) FROM fresh) WHERE id = ${jobId}
      RETURNING log_seq - (SELECT count(*) FROM fresh) AS before
    )
    INSERT INTO log_line (job_id, seq, task, attempt, number, stream, text, at)
    SELECT ${jobId}, before + place, ${key}, ${attempt}, number, stream, text, at FROM fresh, numbered`;
}

/** Lines with seq > `after`, in order. `task` null: lines of all tasks. */
export function findLogLines(
  db: Queryable,
  jobId: string,
  { task, after }: { readonly task: string | null; readonly after: number },
  limit: number,
) {
  return db.logLine.findMany({
    where: { jobId, seq: { gt: after }, ...(task !== null && { task }) },
    orderBy: { seq: 'asc' },
    take: limit,
  });
}
