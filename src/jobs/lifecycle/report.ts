import type { MetricSample } from '../../contract/trainer-protocol.js';
import type { Database } from '../store/database.js';
import { writeMetrics } from '../store/metrics.js';
import { type ClaimedTask, reportProgress } from '../store/tasks.js';

/** Writes what a running attempt has reported; nothing for a stale one. */
export async function recordReport(
  db: Database,
  task: ClaimedTask,
  progress: number | null,
  samples: readonly MetricSample[],
): Promise<void> {
  await db.$transaction(async (tx) => {
    if (await reportProgress(tx, task, progress)) await writeMetrics(tx, task.jobId, task.attempt, samples);
  });
}
