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

/** What a task is given: its assignment, and the world as arguments. */
export interface TaskContext {
  readonly assignment: TaskAssignment;
  readonly blobs: BlobStore;
  readonly now: Clock;
  /** Whether the device computes in bfloat16; absent, tasks that are to train in it are refused. */
  readonly bfloat16?: boolean;
  /** Prepares training batches ahead; absent, the loop prepares each when its turn comes. The bits are the same. */
  readonly batchThread?: BatchThread;
  /** Encoded images that the loop itself decodes at the same time; absent: one. */
  readonly decoders?: number;
  /** From task to task; absent, each reads what it begins with. The bits are the same. */
  readonly carried?: CarriedState;
  progress(done: number, total: number): void;
  metrics(samples: readonly MetricSample[]): void;
  /**
   * Lets messages in and out; awaited between steps. Where the worker asked for a checkpoint, `save` makes it.
   * @throws TaskStopped where the worker asked to stop
   */
  breathe(save?: Save): Promise<void>;
}

/**
 * Makes a checkpoint of a task between two steps. Null where the task has nothing to save while it goes on: some files change in
 * place, and can be kept only by an attempt that ends here (`stops`).
 */
export type Save = (stops: boolean) => Promise<TaskCheckpoint | null>;

/** The end of a task that was told to stop: no failure, it will be gone on with. */
export class TaskStopped extends Error {
  constructor() {
    super('the task was told to stop');
    this.name = 'TaskStopped';
  }
}

/** @throws TrainerError invalid_assignment when the input is not there */
export function requiredInput(context: TaskContext, name: string): BlobUri {
  const uri = context.assignment.inputs[name];
  if (uri === undefined) throw new TrainerError('invalid_assignment', `input ${name} is missing`);
  return uri;
}

/** Emulated, it would be slower than float32 and less exact: a device that lacks it must not hide that. */
export function checkPrecision({ assignment, bfloat16 = false }: TaskContext): void {
  if (assignment.spec.precision !== 'bfloat16' || bfloat16) return;
  throw new TrainerError('precision_unavailable', 'this device does not compute in bfloat16');
}
