import type { MetricSample, TaskCheckpoint } from '../../contract/trainer-protocol.js';
import { saveCheckpoint } from '../store/checkpoints.js';
import type { Database } from '../store/connection/database.js';
import { writeMetrics } from '../store/metrics.js';
import { type ClaimedTask, touchAttempt } from '../store/tasks.js';

/** What a running attempt has reported since the last time. */
export interface Report {
  readonly progress: number | null;
  readonly samples: readonly MetricSample[];
  /** Made after all of the samples. */
  readonly checkpoint: TaskCheckpoint | null;
}

/**
 * Writes what a running attempt has reported; nothing for a stale one. Samples and checkpoint go together: an attempt
 * that resumes there makes all that came later again, and nothing before is missing.
 * @returns false for a stale attempt
 */
export async function recordReport(
  db: Database,
  task: ClaimedTask,
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
