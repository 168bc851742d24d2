import type { BlobUri } from './blob-uri.js';
import type { ModelVariantName } from './client/models.js';
import type { components } from './generated/openapi.js';
import type { NetworkProfile } from './network-profile.js';
import type { DatasetFacts, ResolvedSpec } from './spec.js';

/**
 * The messages between a worker (supervisor) and its trainer (child process), sent over Node's IPC channel. Large
 * data is sent as a blob or a spool file, and the message contains only its reference.
 */

export const TASK_KINDS = ['prepare', 'stage', 'end_to_end', 'evaluate', 'finalize'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/**
 * The work of a trainer: a task of a job, or one that belongs to no job: the profile of a network, or the assembly of a
 * checkpoint's network for an evaluation.
 */
export type AssignmentKind = TaskKind | 'profile' | 'assemble';

export type { BlobUri };

export interface TaskOutput {
  readonly uri: BlobUri;
  readonly size_bytes: number;
}

/** One unit of work: a pure function of these fields. It can run again, on any machine. */
export interface TaskAssignment {
  readonly task_id: string;
  readonly job_id: string;
  /** Fencing token: results of any other attempt are dropped. */
  readonly attempt: number;
  readonly kind: AssignmentKind;
  /** Stage 0..K-1, or null for tasks of the whole network. */
  readonly stage: number | null;
  /** For finalize: the round after which the layer-parallel phase ended early. */
  readonly round: number | null;
  /** Index of the replica in a round of the joined network or of a stage; null if a single task trains it. */
  readonly replica: number | null;
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFacts;
  /**
   * Inputs by the names in src/planning/tasks/task-graph.ts, and the checkpoint to resume from, if there is one.
   */
  readonly inputs: Readonly<Record<string, BlobUri>>;
  /** Absent: the trainer runs the task alone. */
  readonly gang?: GangPlace;
}

/** The place of a trainer among those that run a task together, each on its own slot. */
export interface GangPlace {
  /** From 0, in the order of the stages. */
  readonly member: number;
  readonly members: number;
  /** The end at which the next trainer is awaited; null for the last one. */
  readonly listen: StreamEnd | null;
  /** The end at which the trainer before listens; null for the first one. */
  readonly connect: StreamEnd | null;
}

/** Meeting point of two neighboring trainers of a gang: a socket of their host, or one of the network. */
export type StreamEnd = { readonly path: string } | NetworkEnd;

/** An encrypted stream: both trainers know its secret, and nobody else. */
export interface NetworkEnd {
  readonly host: string;
  readonly port: number;
  /** Names the stream, in clear. */
  readonly identity: string;
  /** 64 hex digits. */
  readonly secret: string;
}

/** Name of the output of finalize that contains the ONNX file of a variant, which serves predictions. */
export function servingOutput(variant: ModelVariantName): string {
  return `serving_${variant}`;
}

/** Prefix of inputs with the weights of another job's network, from which this job starts (`init_from`). */
export const INITIAL_INPUT = 'initial-';

/**
 * Prefix of inputs with states of one network that replicas trained separately for a round. The task continues from
 * their mean.
 */
const REPLICA_INPUT = 'replica-';

/** Name of the input with what replica `replica` has of an input whose mean is read. */
export function replicaInput(input: string, replica: number): string {
  return input === 'state' ? `${REPLICA_INPUT}${replica}` : `${input}/${REPLICA_INPUT}${replica}`;
}

/**
 * Input of assemble: the final weights of a job, with the AuxNets that `finalize` fitted. Without it, there is no compact
 * network.
 */
export const FITTED_INPUT = 'fitted';

/**
 * Output of prepare, and input of the tasks that train the first blocks: what the frozen blocks make of every training image, as
 * rows of a file. Absent where a job freezes nothing or its images change.
 */
export const FROZEN_FEATURES = 'frozen_features';

/** Name of the artifact from which another job can start. */
export const FINAL_WEIGHTS = 'weights.safetensors';

/** Name of the input with the checkpoint of an earlier attempt. */
export const CHECKPOINT_INPUT = 'checkpoint';

/**
 * Name of the input with a MetricHistory. Of finalize: the curves of its model card; absent, the card has no curves. Of
 * evaluate: the earlier fidelities; absent, there are none.
 */
export const METRICS_INPUT = 'metrics';

/** Metrics of a job before this task, as a blob, because a trainer has no access to Postgres. */
export interface MetricHistory {
  /** Time of the write, RFC 3339. */
  readonly at: string;
  readonly series: readonly {
    readonly name: string;
    /** Null for the whole network. */
    readonly stage: number | null;
    /** Points in order of their steps. Times are RFC 3339. */
    readonly points: readonly (readonly [step: number, value: number, at: string])[];
  }[];
}

/** State of a training task between two steps. An attempt that resumes from it ends with the same bits. */
export interface TaskCheckpoint extends TaskOutput {
  /** The first optimizer step that the state does not include, counted as in metrics. */
  readonly step: number;
  /** Finished share of the steps of the task, 0..1. */
  readonly share: number;
}

export interface MetricSample {
  readonly name: string;
  readonly stage: number | null;
  /** Optimizer step of the whole run, from 0. */
  readonly step: number;
  readonly value: number;
}

export interface ArtifactOutput extends TaskOutput {
  /** File name for downloads, like `full/model.json`. */
  readonly name: string;
  readonly kind: 'model' | 'report' | 'weights';
  readonly media_type: string;
}

/** Each number in `seconds` is wall time in the trainer by part (data, forward, backward, ...). */
export interface TaskSuccess {
  readonly outputs: Readonly<Record<string, TaskOutput>>;
  readonly seconds: Readonly<Record<string, number>>;
  readonly artifacts: readonly ArtifactOutput[];
  /** Figures to keep: `{test_accuracy: 0.99, ...}`. The figures of finalize become the result of the job. */
  readonly result: Readonly<Record<string, number>>;
  /** Only for finalize: the final networks, side by side. They include times, so they differ between attempts. */
  readonly networks?: readonly NetworkFigures[];
  /** `seconds` of each trainer, if several shared the task. */
  readonly trainers?: readonly Readonly<Record<string, number>>[];
  /** Only for a profile. */
  readonly profile?: NetworkProfile;
  /** Added by the worker: the runtime of the trainer. Those of a gang have the same. */
  readonly runtime?: Runtime;
  /** Warnings for the owner of the job, although the task succeeded. */
  readonly warnings?: readonly TaskWarning[];
}

export type NetworkFigures = components['schemas']['NetworkFigures'];
export type Latency = components['schemas']['Latency'];

export interface TaskWarning {
  /** Code of the warning, like `low_fidelity`. */
  readonly code: string;
  /** Includes the place and the remedy. */
  readonly message: string;
  readonly stage: number | null;
  readonly step: number | null;
  /** The value that caused the warning. */
  readonly value: number;
}

/** `code` is from the catalogue (src/contract/errors.ts). `retryable` follows from the catalogue. */
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
  readonly stage: number | null;
  readonly step: number | null;
  /** Only for `non_finite_loss`: `loss`, or `gradient of` or `weights of` a parameter. */
  readonly tensor: string | null;
  /** Only for `blob_missing` and `blob_corrupt`: the input of the assignment that cannot be read, if it is one. */
  readonly input?: string | null;
}

/** A runtime: the bits of a task's outputs depend on it, besides the inputs. */
export type Runtime = components['schemas']['Runtime'];

export type RuntimeInfo = Runtime & { readonly node: string };

export type ToTrainer =
  | { readonly type: 'run'; readonly assignment: TaskAssignment }
  /** Write a checkpoint before the next step, if this kind of task supports it. With `stop`, end after it. */
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
      /** Unix time in milliseconds. Worker and trainer run on one host. */
      readonly made_at_ms: number;
      readonly samples: readonly MetricSample[];
    }
  | {
      readonly type: 'checkpoint';
      readonly task_id: string;
      readonly attempt: number;
      readonly checkpoint: TaskCheckpoint;
    }
  /** The task ended because it was asked to. Its checkpoint, if any, was sent before. */
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
