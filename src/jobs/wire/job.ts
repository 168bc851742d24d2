import type { components } from '../../contract/generated/openapi.js';
import type { Job } from '../../contract/jobs-client.js';
import type { ResolvedSpec } from '../../contract/spec.js';
import { isTerminal, type JobState } from '../../contract/states.js';
import type { JobError } from '../lifecycle/stop.js';
import { fromJson } from '../store/database.js';
import type { JobProgress } from '../store/jobs.js';
import type { Job as JobRow } from '../store/rows.js';

type Schemas = components['schemas'];
/** What finalize reports: figures, of which the first two are always there, and the networks they belong to. */
type StoredResult = {
  readonly test_accuracy: number;
  readonly test_loss: number;
  readonly compact_accuracy?: number;
  readonly networks?: Schemas['NetworkFigures'][];
};

/** What a job's row does not say of itself. */
export interface JobSurroundings {
  /** Undefined until the job is planned. */
  readonly progress: JobProgress | undefined;
  /** Null once the job has started. */
  readonly queue: Schemas['JobQueue'] | null;
  /** What it made, as long as that is there. */
  readonly modelId: string | null;
  readonly nowMs: number;
}

export function toJob(row: JobRow, { progress, queue, modelId, nowMs }: JobSurroundings): Job {
  const state = row.state as JobState;
  const share = progressOf(state, progress);
  return {
    id: row.id,
    object: 'job',
    name: row.name,
    metadata: fromJson<Record<string, string>>(row.metadata),
    state,
    state_reason: stateReason(row, state, queue),
    progress: share,
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
    estimated_finish: estimatedFinish(row, share, nowMs),
    cancel_requested_at: row.cancelRequestedAt?.toISOString() ?? null,
    pause_requested_at: row.pauseRequestedAt?.toISOString() ?? null,
    queue,
    spec: fromJson<ResolvedSpec>(row.spec),
    plan: fromJson<Schemas['JobPlan']>(row.plan),
    result: row.result === null ? null : toResult(fromJson<StoredResult>(row.result), modelId),
    error: row.error === null ? null : fromJson<JobError>(row.error),
    links: linksOf(row.id),
  };
}

function progressOf(state: JobState, progress: JobProgress | undefined): number {
  if (state === 'succeeded') return 1;
  return progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
}

function stateReason(row: JobRow, state: JobState, queue: Schemas['JobQueue'] | null): string | null {
  if (row.error !== null) return fromJson<JobError>(row.error).message;
  if (row.finishedAt === null && row.stopAs === 'cancelled') {
    return row.stopNow ? 'its trainers are being stopped' : 'its running tasks make a last checkpoint';
  }
  if (row.finishedAt === null && row.pauseRequestedAt !== null && state !== 'paused') {
    return 'its running tasks make a checkpoint before it is paused';
  }
  return queue?.reason ?? null;
}

// Before this share the rate is mostly the time that starting takes.
const FIRST_ESTIMATE = 0.02;

function estimatedFinish(row: JobRow, share: number, nowMs: number): string | null {
  const state = row.state as JobState;
  const moves = state !== 'paused' && !isTerminal('job', state);
  if (row.startedAt === null || share < FIRST_ESTIMATE || !moves) return null;
  const startMs = row.startedAt.getTime();
  return new Date(startMs + (nowMs - startMs) / share).toISOString();
}

function toResult({ networks = [], ...figures }: StoredResult, modelId: string | null): Schemas['JobResult'] {
  return {
    test_accuracy: figures.test_accuracy,
    test_loss: figures.test_loss,
    compact_accuracy: figures.compact_accuracy ?? null,
    networks,
    speedup: null,
    model_id: modelId,
    figures,
  };
}

function linksOf(id: string): Schemas['JobLinks'] {
  const self = `/jobs/${id}`;
  return {
    self,
    events: `${self}/events`,
    logs: `${self}/logs`,
    metrics: `${self}/metrics`,
    tasks: `${self}/tasks`,
    checkpoints: `${self}/checkpoints`,
    artifacts: `${self}/artifacts`,
    cancel: `${self}/cancel`,
    pause: `${self}/pause`,
    resume: `${self}/resume`,
  };
}
