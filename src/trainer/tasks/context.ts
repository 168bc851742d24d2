import { type DatasetManifest, decodeManifest } from '../../contract/dataset-manifest.js';
import {
  type BlobUri,
  CHECKPOINT_INPUT,
  INITIAL_INPUT,
  type MetricSample,
  type TaskAssignment,
  type TaskCheckpoint,
} from '../../contract/trainer-protocol.js';
import type { ParameterSpec } from '../../network/index.js';
import { inputShape } from '../../network/index.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { type Checkpoint, decodeCheckpoint, decodeState, decodeWeights } from '../checkpoint/index.js';
import type { BatchThread } from '../data/index.js';
import { TrainerError } from '../errors.js';
import {
  initialValues,
  meanOf,
  type NamedValues,
  type OptimizerState,
  startingSlots,
  updateRuleOf,
} from '../optimizer/index.js';
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
  breathe(save?: () => Promise<TaskCheckpoint>): Promise<void>;
}

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

export async function readState(context: TaskContext, input: string): Promise<OptimizerState> {
  const uri = requiredInput(context, input);
  return context.carried?.take(uri) ?? decodeState(await context.blobs.get(uri));
}

/** Where an earlier attempt of this task left off; null at its first. */
export async function readCheckpoint({ assignment, blobs }: TaskContext): Promise<Checkpoint | null> {
  const uri = assignment.inputs[CHECKPOINT_INPUT];
  return uri === undefined ? null : decodeCheckpoint(await blobs.get(uri));
}

/** The weights of an AuxNet as its stage left them, or null before its first round. */
export async function readWeights(context: TaskContext, input: string): Promise<NamedValues | null> {
  const uri = context.assignment.inputs[input];
  return uri === undefined ? null : decodeWeights(await context.blobs.get(uri));
}

/**
 * The weights that a job starts `parameters` from: those of the network that its `init_from` names, where it has such a
 * parameter of that size, the mean where replicas of it were kept; else what chance gives.
 */
export async function initialWeights(
  { assignment: { inputs, spec }, blobs }: TaskContext,
  parameters: readonly ParameterSpec[],
): Promise<NamedValues> {
  const weights = new Map(initialValues(parameters, spec.seed));
  const uris = Object.entries(inputs).flatMap(([name, uri]) => (name.startsWith(INITIAL_INPUT) ? [uri] : []));
  const found = new Map<string, Float32Array[]>();
  for (const uri of uris) {
    for (const [name, values] of decodeState(await blobs.get(uri)).weights) {
      if (weights.get(name)?.length === values.length) found.set(name, [...(found.get(name) ?? []), values]);
    }
  }
  for (const [name, kept] of found) weights.set(name, meanOf(kept));
  return weights;
}

/** The same with an optimiser that has seen nothing. */
export async function initialState(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
): Promise<OptimizerState> {
  const rule = updateRuleOf(context.assignment.spec.optimizer);
  return { weights: await initialWeights(context, parameters), slots: startingSlots(parameters, rule) };
}

/** The prepared dataset, its images of the size that this job trains on. */
export async function readManifest(context: TaskContext): Promise<DatasetManifest> {
  const { spec, dataset } = context.assignment;
  const manifest = decodeManifest(await context.blobs.get(requiredInput(context, 'dataset')));
  return { ...manifest, image: inputShape(spec, dataset) };
}
