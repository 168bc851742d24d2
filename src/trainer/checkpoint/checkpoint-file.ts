import type { TaskOutput } from '../../contract/trainer-protocol.js';
import type { ParameterSpec } from '../../network/index.js';
import { TrainerError } from '../errors.js';
import type { OptimizerState } from '../optimizer/index.js';
import { decodeSafetensors } from './safetensors.js';
import { decodeState, encodeState } from './state-file.js';

/** All that a training task carries from one step to the next; everything else follows from seed and step. */
export interface Checkpoint {
  readonly state: OptimizerState;
  /** The first step that is not in it, counted like the run's. */
  readonly step: number;
  /** The corrections of the steps before it, where the task writes some. */
  readonly spool: TaskOutput | null;
  /** Files of rows per sample by the names of the task's outputs, as they were after the step before it. */
  readonly rows?: Readonly<Record<string, TaskOutput>>;
}

const STEP = 'step';
const SPOOL = 'spool';
const ROWS = 'rows';

/** A task's state file (state-file.ts) with the place it was made at. @param owner makes it no other attempt's bytes */
export function encodeCheckpoint(
  parameters: readonly ParameterSpec[],
  { state, step, spool, rows = {} }: Checkpoint,
  owner: string,
): Uint8Array {
  const place = { [STEP]: String(step), [SPOOL]: JSON.stringify(spool), [ROWS]: JSON.stringify(rows), owner };
  return encodeState(parameters, state, place);
}

/** @throws TrainerError blob_corrupt when the bytes are not those of a checkpoint */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { metadata } = decodeSafetensors(bytes);
  const step = metadata[STEP];
  const spool = metadata[SPOOL];
  if (step === undefined || spool === undefined) {
    throw new TrainerError('blob_corrupt', 'a checkpoint does not say where it was made');
  }
  return {
    state: decodeState(bytes),
    step: Number(step),
    spool: JSON.parse(spool) as TaskOutput | null,
    // Checkpoints of earlier versions name none.
    rows: JSON.parse(metadata[ROWS] ?? '{}') as Record<string, TaskOutput>,
  };
}
