import type { Database } from '../store/connection/database.js';
import { notify } from '../store/connection/notify.js';
import { lockJob } from '../store/jobs.js';
import { appendLogLines, type NewLogLine } from '../store/log-lines.js';
import { type ClaimedTask, touchAttempt } from '../store/tasks.js';

/** Stores the output of a running attempt and wakes the readers of the log. Drops the output of a stale attempt. */
export async function recordLog(
  db: Database,
  task: ClaimedTask,
  lines: readonly NewLogLine[],
): Promise<void> {
  await db.$transaction(async (tx) => {
    const job = await lockJob(tx, task.jobId);
    if (job === null || !(await touchAttempt(tx, task, {}))) return;
    await appendLogLines(tx, task, lines);
    notify(tx, 'strata_event', task.jobId);
  });
}
