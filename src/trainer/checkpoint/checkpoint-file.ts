import type { TaskOutput } from '../../contract/trainer-protocol.js';
import type { ParameterSpec } from '../../network/index.js';
import { TrainerError } from '../errors.js';
import type { ReadableState, Values } from '../optimizer/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor, type TensorOf } from './safetensors.js';
import { openSafetensors, writeSafetensors } from './safetensors-file.js';
import { inFlightOf, inFlightTensors, stateIn, stateTensors } from './state-file.js';

/** The complete state of a training task between two steps. Everything else follows from seed and step. */
export interface Checkpoint {
  readonly state: ReadableState;
  /** The first step that it does not include, counted over the run. */
  readonly step: number;
  /** The corrections of the steps before it, if the task writes any. */
  readonly spool: TaskOutput | null;
  /** Files of rows per sample by the names of the task's outputs, as they were after the step before it. */
  readonly rows?: Readonly<Record<string, TaskOutput>>;
  /** Tensors of batches that are under way between stages, by names of the method's own. */
  readonly inFlight?: NamedTensorsStored;
}

type NamedTensorsStored = ReadonlyMap<string, StoredTensor>;

const STEP = 'step';
const SPOOL = 'spool';
const ROWS = 'rows';

/**
 * The state file of a task (state-file.ts) with the step at which it was made. @param owner makes the bytes unique
 * to the attempt
 */
export function encodeCheckpoint(
  parameters: readonly ParameterSpec[],
  checkpoint: Checkpoint,
  owner: string,
): Uint8Array {
  return encodeSafetensors(tensorsOf(parameters, checkpoint), placeOf(checkpoint, owner));
}

/** Writes it to a file. @returns its sha256 */
export function writeCheckpoint(
  path: string,
  parameters: readonly ParameterSpec[],
  checkpoint: Checkpoint,
  owner: string,
): Promise<string> {
  return writeSafetensors(path, tensorsOf(parameters, checkpoint), placeOf(checkpoint, owner));
}

const tensorsOf = (parameters: readonly ParameterSpec[], { state, inFlight = new Map() }: Checkpoint) => [
  ...stateTensors(parameters, state),
  ...inFlightTensors(inFlight),
];

function placeOf({ step, spool, rows = {} }: Checkpoint, owner: string): Record<string, string> {
  return { [STEP]: String(step), [SPOOL]: JSON.stringify(spool), [ROWS]: JSON.stringify(rows), owner };
}

/** @throws TrainerError blob_corrupt if the bytes are not a checkpoint */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  return checkpointIn(decodeSafetensors(bytes));
}

/** The checkpoint in a file, whose state is read when it is asked for. @throws TrainerError blob_corrupt */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  return checkpointIn(await openSafetensors(path));
}

function checkpointIn({
  metadata,
  tensors,
}: {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorOf<Values>>;
}): Checkpoint {
  const step = metadata[STEP];
  const spool = metadata[SPOOL];
  if (step === undefined || spool === undefined) {
    throw new TrainerError('blob_corrupt', 'a checkpoint does not contain its origin');
  }
  return {
    state: stateIn(tensors),
    step: Number(step),
    spool: JSON.parse(spool) as TaskOutput | null,
    // Checkpoints of earlier versions name none.
    rows: JSON.parse(metadata[ROWS] ?? '{}') as Record<string, TaskOutput>,
    inFlight: inFlightOf(tensors),
  };
}
