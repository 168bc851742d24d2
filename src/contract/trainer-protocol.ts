import type { BlobUri } from './blob-uri.js';
import type { ModelVariantName } from './client/models.js';
import type { components } from './generated/openapi.js';
import type { NetworkProfile } from './network-profile.js';
import type { DatasetFacts, ResolvedSpec } from './spec.js';

/**
 * The messages between a worker (supervisor) and its trainer (child process), sent over Node's IPC channel.
 * Anything large travels as a blob or a spool file; a message carries only its reference.
 */

export const TASK_KINDS = ['prepare', 'stage', 'end_to_end', 'evaluate', 'finalize'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** What a trainer does: a task of a job, or the profile of a network, which belongs to none. */
export type AssignmentKind = TaskKind | 'profile';

export type { BlobUri };

export interface TaskOutput {
  readonly uri: BlobUri;
  readonly size_bytes: number;
}

/** One unit of work. A pure function of what stands here: it can be run again, anywhere. */
export interface TaskAssignment {
  readonly task_id: string;
  readonly job_id: string;
  /** The fence: results of any other attempt are dropped. */
  readonly attempt: number;
  readonly kind: AssignmentKind;
  /** Stage 0..K-1, or null for tasks of the whole network. */
  readonly stage: number | null;
  readonly round: number | null;
  /** Which of the devices that share a round of the joined network; null where one trains it. */
  readonly replica: number | null;
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFacts;
  /** Inputs by the names that src/planning/tasks/task-graph.ts gave them, and the checkpoint to go on from, if there is one. */
  readonly inputs: Readonly<Record<string, BlobUri>>;
}

/** Name of finalize's output that is a variant's ONNX file, from which predictions are served. */
export function servingOutput(variant: ModelVariantName): string {
  return `serving_${variant}`;
}

/** Inputs whose names begin so are weights of another job's network, which this one starts from (`init_from`). */
export const INITIAL_INPUT = 'initial-';

/** Inputs whose names begin so are states of one network, trained apart for a round: the task goes on from their mean. */
export const REPLICA_INPUT = 'replica-';

/** Name of the artifact from which another job can start. */
export const FINAL_WEIGHTS = 'weights.safetensors';

/** Name of the input that is an earlier attempt's checkpoint. */
export const CHECKPOINT_INPUT = 'checkpoint';

/** Name of finalize's input that is a MetricHistory: the curves of its model card. Absent, the card has none. */
export const METRICS_INPUT = 'metrics';

/** A job's metrics up to its last task, as a blob: a trainer does not read Postgres. */
export interface MetricHistory {
  /** When it was written, RFC 3339. */
  readonly at: string;
  readonly series: readonly {
    readonly name: string;
    /** Null for the whole network. */
    readonly stage: number | null;
    /** By step; times are RFC 3339. */
    readonly points: readonly (readonly [step: number, value: number, at: string])[];
  }[];
}

/** A training task's state between two steps; an attempt that starts from it ends in the same bits. */
export interface TaskCheckpoint extends TaskOutput {
  /** The first optimiser step that is not in it, counted like a metric's. */
  readonly step: number;
  /** Share of the task's steps that are in it, 0..1. */
  readonly share: number;
}

export interface MetricSample {
  readonly name: string;
  readonly stage: number | null;
  /** Optimiser step of the whole run, counted from 0. */
  readonly step: number;
  readonly value: number;
}

export interface ArtifactOutput extends TaskOutput {
  /** File name a user downloads, e.g. `full/model.json`. */
  readonly name: string;
  readonly kind: 'model' | 'report' | 'weights';
  readonly media_type: string;
}

/** A number in `seconds` is wall time by part (data, forward, backward, ...) within the trainer. */
export interface TaskSuccess {
  readonly outputs: Readonly<Record<string, TaskOutput>>;
  readonly seconds: Readonly<Record<string, number>>;
  readonly artifacts: readonly ArtifactOutput[];
  /** Small figures worth keeping: `{test_accuracy: 0.99, ...}`; finalize's become the job's result. */
  readonly result: Readonly<Record<string, number>>;
  /** Of finalize: the networks that the job ends with, side by side. Times are in here, so another attempt's differ. */
  readonly networks?: readonly NetworkFigures[];
  /** Of a profile. */
  readonly profile?: NetworkProfile;
  /** What the job's owner should hear of although the task succeeded. */
  readonly warnings?: readonly TaskWarning[];
}

export type NetworkFigures = components['schemas']['NetworkFigures'];
export type Latency = components['schemas']['Latency'];

export interface TaskWarning {
  /** What it is about, like `low_fidelity`. */
  readonly code: string;
  /** With the place and the remedy. */
  readonly message: string;
  readonly stage: number | null;
  readonly step: number | null;
  /** The figure that gave rise to it. */
  readonly value: number;
}

/** `code` is one of the catalogue (src/contract/errors.ts); `retryable` is the catalogue's word on it. */
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
  readonly stage: number | null;
  readonly step: number | null;
  /** Of `non_finite_loss`: `loss`, or `gradient of` or `weights of` a parameter. */
  readonly tensor: string | null;
  /** Of `blob_missing` and `blob_corrupt`: which of the assignment's inputs cannot be read, where it is one. */
  readonly input?: string | null;
}

export interface RuntimeInfo {
  readonly node: string;
  readonly tensorflow: string;
  readonly device: string;
  readonly threads: number;
}

export type ToTrainer =
  | { readonly type: 'run'; readonly assignment: TaskAssignment }
  /** Make a checkpoint before the next step, if this kind of task has any; with `stop`, end there. */
  | {
      readonly type: 'checkpoint';
      readonly task_id: string;
      readonly attempt: number;
      readonly stop: boolean;
    };

export type FromTrainer =
  | { readonly type: 'ready'; readonly runtime: RuntimeInfo }
  | {
      readonly type: 'progress';
      readonly task_id: string;
      readonly attempt: number;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly type: 'metrics';
      readonly task_id: string;
      readonly attempt: number;
      /** Unix time in milliseconds: worker and trainer are on one host. */
      readonly made_at_ms: number;
      readonly samples: readonly MetricSample[];
    }
  | {
      readonly type: 'checkpoint';
      readonly task_id: string;
      readonly attempt: number;
      readonly checkpoint: TaskCheckpoint;
    }
  /** It ended because it was told to; its checkpoint, if it made one, came before. */
  | { readonly type: 'stopped'; readonly task_id: string; readonly attempt: number }
  | {
      readonly type: 'succeeded';
      readonly task_id: string;
      readonly attempt: number;
      readonly success: TaskSuccess;
    }
  | {
      readonly type: 'failed';
      readonly task_id: string;
      readonly attempt: number;
      readonly failure: TaskFailure;
    };
