import {
  type AssignmentKind,
  METRICS_INPUT,
  type MetricHistory,
  type TaskAssignment,
} from '../../../contract/trainer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';
import { thinnedSeries } from '../../store/metric-series.js';
import { EVERY_POINT } from '../../store/metrics.js';
import { thinMetrics } from '../../store/thin-metrics.js';

/** Maximum number of points of a series in the documents. Longer series keep their peaks. */
const POINTS = 10_000;

/** Metrics that a kind of task reads: the finalizer writes the model card, an evaluation compares itself with earlier ones. */
const NAMES: Partial<Record<AssignmentKind, readonly string[] | null>> = {
  finalize: null,
  evaluate: ['fidelity'],
};

/**
 * Adds metrics of the job so far to the inputs of the tasks that read them, since a trainer cannot read Postgres. No
 * row refers to this blob, so garbage collection deletes it, long after the task has read it.
 */
export async function withMetrics(
  db: Database,
  blobs: BlobStore,
  assignment: TaskAssignment,
): Promise<TaskAssignment> {
  const names = NAMES[assignment.kind];
  if (names === undefined) return assignment;
  const rows = await thinMetrics(db, assignment.job_id, { ...EVERY_POINT, names }, POINTS);
  const series = thinnedSeries(rows).map(({ name, stage, points }) => ({ name, stage, points }));
  const history = { at: new Date().toISOString(), series } as MetricHistory;
  const { uri } = await blobs.put(Buffer.from(JSON.stringify(history)));
  return { ...assignment, inputs: { ...assignment.inputs, [METRICS_INPUT]: uri } };
}
