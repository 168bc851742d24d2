import type { components } from '../../../contract/generated/openapi.js';
import type { TrackerExport as Row } from '../../store/rows.js';

type TrackerExport = components['schemas']['TrackerExport'];

/** @param jobFinished whether the job can be exported already */
export function toTrackerExport(row: Row, jobFinished: boolean): TrackerExport {
  const pending = row.state === 'pending';
  return {
    id: row.id,
    object: 'tracker_export',
    job_id: row.jobId,
    type: row.type,
    tracking_uri: row.trackingUri,
    experiment: row.experiment,
    state: pending && !jobFinished ? (row.runId === null ? 'waiting' : 'live') : row.state,
    attempts: row.attempts,
    run_id: row.runId,
    run_url: row.runUrl,
    error: row.error,
    created_at: row.createdAt.toISOString(),
    next_attempt_at:
      pending && jobFinished && row.attempts > 0 && row.leaseUntil === null ? row.dueAt.toISOString() : null,
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}
