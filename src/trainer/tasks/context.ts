import type {
  BlobUri,
  MetricSample,
  TaskAssignment,
  TaskCheckpoint,
} from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { BatchThread } from '../data/index.js';
import { TrainerError } from '../errors.js';

import type { Clock } from '../training/index.js';
import type { CarriedState } from './carried-state.js';

/** Inputs of a task: its assignment, and its environment as arguments. */
export interface TaskContext {
  readonly assignment: TaskAssignment;
  readonly blobs: BlobStore;
  readonly now: Clock;
  /** Whether the device supports bfloat16. Absent: tasks with bfloat16 are rejected. */
  readonly bfloat16?: boolean;
  /** Prepares training batches ahead. Absent: the loop prepares each batch itself. The bits are the same. */
  readonly batchThread?: BatchThread;
  /** Number of encoded images that the loop decodes at the same time. Absent: 1. */
  readonly decoders?: number;
  /** State that is kept from task to task. Absent: each task reads its own. The bits are the same. */
  readonly carried?: CarriedState;
  progress(done: number, total: number): void;
  metrics(samples: readonly MetricSample[]): void;
  /** Reports a checkpoint that another trainer of the gang was asked for. Only needed in a gang. */
  checkpointMade?(checkpoint: TaskCheckpoint): void;
  /**
   * Awaited between steps, to process messages. If the worker has asked for a checkpoint, `save` writes it. @throws
   * TaskStopped if the worker has asked to stop
   */
  betweenSteps(save?: Save): Promise<void>;
}

/**
 * Makes a checkpoint of a task between two steps. Null where the task has nothing to save while it goes on: some files change in
 * place, and can be kept only by an attempt that ends here (`stops`).
 */
export type Save = (stops: boolean) => Promise<TaskCheckpoint | null>;

/** The end of a task that was asked to stop. This is not a failure: the task will be resumed. */
export class TaskStopped extends Error {
  constructor() {
    super('the worker asked the task to stop');
    this.name = 'TaskStopped';
  }
}

/** @throws TrainerError invalid_assignment if the input is missing */
export function requiredInput(context: TaskContext, name: string): BlobUri {
  const uri = context.assignment.inputs[name];
  if (uri === undefined) throw new TrainerError('invalid_assignment', `input ${name} is missing`);
  return uri;
}

/** Rejects bfloat16 on a device without it: emulation would be slower than float32 and less precise. */
export function checkPrecision({ assignment, bfloat16 = false }: TaskContext): void {
  if (assignment.spec.precision !== 'bfloat16' || bfloat16) return;
  throw new TrainerError('precision_unavailable', 'this device does not support bfloat16');
}
