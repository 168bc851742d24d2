import type { MetricSample, TaskCheckpoint } from '../../contract/trainer-protocol.js';
import { saveCheckpoint } from '../store/checkpoints.js';
import type { Database } from '../store/connection/database.js';
import { writeMetrics } from '../store/metrics.js';
import { type TaskAttempt, touchAttempt } from '../store/tasks.js';

/** Everything that a running attempt has reported since the last report. */
export interface Report {
  readonly progress: number | null;
  readonly samples: readonly MetricSample[];
  /** Written after all of these samples. */
  readonly checkpoint: TaskCheckpoint | null;
}

/**
 * Stores the report of a running attempt. Samples and checkpoint are written together: an attempt that resumes from
 * the checkpoint produces all later samples again, and no earlier one is missing.
 * @returns false for a stale attempt, of which nothing is stored
 */
export async function recordReport(
  db: Database,
  task: TaskAttempt,
  { progress, samples, checkpoint }: Report,
): Promise<boolean> {
  return db.$transaction(async (tx) => {
    const changes = { ...(progress !== null && { progress }), ...(checkpoint && { losses: 0, outages: 0 }) };
    if (!(await touchAttempt(tx, task, changes))) return false;
    await writeMetrics(tx, task.jobId, task.attempt, samples);
    if (checkpoint) await saveCheckpoint(tx, task, checkpoint);
    return true;
  });
}
