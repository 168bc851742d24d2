import type { TaskOutput } from '../../contract/trainer-protocol.js';
import type { ParameterSpec } from '../../network/index.js';
import { TrainerError } from '../errors.js';
import type { OptimizerState } from '../optimizer/index.js';
import { decodeSafetensors, type StoredTensor } from './safetensors.js';
import { decodeState, encodeState, inFlightOf } from './state-file.js';

/** The complete state of a training task between two steps. Everything else follows from seed and step. */
export interface Checkpoint {
  readonly state: OptimizerState;
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
  { state, step, spool, rows = {}, inFlight = new Map() }: Checkpoint,
  owner: string,
): Uint8Array {
  const place = { [STEP]: String(step), [SPOOL]: JSON.stringify(spool), [ROWS]: JSON.stringify(rows), owner };
  return encodeState(parameters, state, place, inFlight);
}

/** @throws TrainerError blob_corrupt if the bytes are not a checkpoint */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { metadata, tensors } = decodeSafetensors(bytes);
  const step = metadata[STEP];
  const spool = metadata[SPOOL];
  if (step === undefined || spool === undefined) {
    throw new TrainerError('blob_corrupt', 'a checkpoint does not contain its origin');
  }
  return {
    state: decodeState(bytes),
    step: Number(step),
    spool: JSON.parse(spool) as TaskOutput | null,
    // Checkpoints of earlier versions name none.
    rows: JSON.parse(metadata[ROWS] ?? '{}') as Record<string, TaskOutput>,
    inFlight: inFlightOf(tensors),
  };
}
