import type { Job } from '../../../contract/client/jobs.js';
import type { components } from '../../../contract/generated/openapi.js';
import { isTerminal, type JobState } from '../../../contract/states.js';
import { type KindProgress, secondsLeft } from '../../../planning/tasks/time-left.js';
import type { StoredResult } from '../../store/columns.js';
import type { JobCurve } from '../../store/job-curves.js';
import type { JobProgress } from '../../store/jobs.js';
import type { Job as JobRow } from '../../store/rows.js';

type Schemas = components['schemas'];
/** Data about a job from other tables than its own. */
export interface JobSurroundings {
  /** Progress of each kind of task. Empty until the job is planned. */
  readonly progress: readonly JobProgress[];
  /** Null after the job has started. */
  readonly queue: Schemas['JobQueue'] | null;
  /** The model of the job. Null without one, or after its deletion. */
  readonly modelId: string | null;
  readonly nowMs: number;
  /** Only for a list. Null without metrics. */
  readonly curve?: JobCurve | null;
}

export function toJob(row: JobRow, { progress, queue, modelId, nowMs, curve }: JobSurroundings): Job {
  const state = row.state;
  return {
    id: row.id,
    object: 'job',
    name: row.name,
    metadata: row.metadata,
    notes: row.notes,
    archived_at: row.archivedAt?.toISOString() ?? null,
    state,
    state_reason: stateReason(row, state, queue, progress),
    progress: shareDone(state, progress),
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
    estimated_finish: estimatedFinish(row, progress, nowMs),
    cancel_requested_at: row.cancelRequestedAt?.toISOString() ?? null,
    pause_requested_at: row.pauseRequestedAt?.toISOString() ?? null,
    queue,
    spec: row.spec,
    requested: row.requested,
    parent_id: row.parentId,
    reproduces: row.reproduces,
    // Jobs of earlier versions have none.
    plan: { warnings: [], ...row.plan },
    result: row.result === null ? null : toResult(row, row.result, modelId),
    error: row.error,
    ...(curve !== undefined && { latest: curve?.latest ?? {}, spark: curve?.spark ?? [] }),
    links: linksOf(row.id),
  };
}

function shareDone(state: JobState, kinds: readonly KindProgress[]): number {
  if (state === 'succeeded') return 1;
  const [total, done] = kinds.reduce(([all, part], of) => [all + of.total, part + of.done], [0, 0]);
  return total > 0 ? Math.min(1, done / total) : 0;
}

function stateReason(
  row: JobRow,
  state: JobState,
  queue: Schemas['JobQueue'] | null,
  progress: readonly JobProgress[],
): string | null {
  if (row.error !== null) return row.error.message;
  if (row.finishedAt === null && row.stopAs === 'cancelled') {
    return row.stopNow ? 'its trainers are being stopped' : 'its running tasks are writing a last checkpoint';
  }
  if (row.finishedAt === null && row.pauseRequestedAt !== null && state !== 'paused') {
    return 'its running tasks are writing a checkpoint before the job is paused';
  }
  const outage = isTerminal('job', state) ? undefined : progress.find((kind) => kind.outage !== null)?.outage;
  return outage ? `waits until its host has disk or memory again: ${outage}` : (queue?.reason ?? null);
}

/** Estimated for running jobs only: nobody knows when a queued or paused job continues. */
function estimatedFinish(row: JobRow, kinds: readonly KindProgress[], nowMs: number): string | null {
  const state = row.state;
  if (state === 'queued' || state === 'paused' || isTerminal('job', state)) return null;
  const seconds = secondsLeft(kinds, row.spec.method.end_to_end_replicas);
  return seconds === null ? null : new Date(nowMs + seconds * 1000).toISOString();
}

function toResult(
  { earlyEnd, selected }: Pick<JobRow, 'earlyEnd' | 'selected'>,
  { networks = [], speedup = null, speedup_reason = null, ...figures }: StoredResult,
  modelId: string | null,
): Schemas['JobResult'] {
  return {
    test_accuracy: figures.test_accuracy,
    test_loss: figures.test_loss,
    compact_accuracy: figures.compact_accuracy ?? null,
    validation_accuracy: figures.validation_accuracy ?? null,
    networks: networks.map(({ balanced_accuracy = null, classes = [], ...network }) => ({
      ...network,
      balanced_accuracy,
      classes,
    })),
    speedup,
    speedup_reason,
    model_id: modelId,
    ended: earlyEnd?.reason ?? 'completed',
    selected,
    figures,
  };
}

function linksOf(id: string): Schemas['JobLinks'] {
  const self = `/jobs/${id}`;
  return {
    self,
    page: `/ui${self}`,
    events: `${self}/events`,
    logs: `${self}/logs`,
    metrics: `${self}/metrics`,
    tasks: `${self}/tasks`,
    attempts: `${self}/attempts`,
    checkpoints: `${self}/checkpoints`,
    artifacts: `${self}/artifacts`,
    archive: `${self}/archive`,
    cancel: `${self}/cancel`,
    pause: `${self}/pause`,
    resume: `${self}/resume`,
  };
}
