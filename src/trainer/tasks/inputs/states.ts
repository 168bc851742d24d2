import { CHECKPOINT_INPUT, INITIAL_INPUT, REPLICA_INPUT } from '../../../contract/trainer-protocol.js';
import type { RunDescription } from '../../../method/index.js';
import type { ParameterSpec } from '../../../network/index.js';
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeState,
  decodeWeights,
  mergeStates,
} from '../../checkpoint/index.js';
import {
  initialValues,
  meanOf,
  meanState,
  type NamedValues,
  type OptimizerState,
  startingSlots,
  updateRuleOf,
} from '../../optimizer/index.js';
import { allEnded } from '../all-ended.js';
import { requiredInput, type TaskContext } from '../context.js';

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

/** The network's state so far: of the last end-to-end round, the mean of its replicas, else of the stages joined, else the start. */
export async function joinedState(
  context: TaskContext,
  run: RunDescription,
  parameters: readonly ParameterSpec[],
): Promise<OptimizerState> {
  const { inputs } = context.assignment;
  if (inputs.state) return await readState(context, 'state');
  const replicas = Object.keys(inputs).filter((name) => name.startsWith(REPLICA_INPUT));
  if (replicas.length > 0) {
    // All replicas of a round must begin with the same bits: in the order of their numbers, however the inputs lie.
    const ordered = replicas.map((_, index) => `${REPLICA_INPUT}${index}`);
    return meanState(await allEnded(ordered.map((name) => readState(context, name))));
  }
  const trained = run.stages.filter(({ index }) => inputs[`state-${index}`]);
  const states = await allEnded(trained.map(({ index }) => readState(context, `state-${index}`)));
  // Stages that had no task are as they started.
  return mergeStates([await initialState(context, parameters), ...states]);
}

/** Of the round before, or what a warm start handed over; the start without either. */
export async function stateBefore(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
): Promise<OptimizerState> {
  if (context.assignment.inputs.state) return await readState(context, 'state');
  return initialState(context, parameters);
}
