import type { ParameterSpec } from '../../network/index.js';
import type { NamedValues, OptimizerState } from '../optimizer/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.js';

const WEIGHTS = 'weights/';
const MOMENTUM = 'momentum/';

/** A task's `state` output: weights and optimiser state under their names. */
export function encodeState(parameters: readonly ParameterSpec[], state: OptimizerState): Uint8Array {
  const tensors = new Map<string, StoredTensor>([
    ...stored(parameters, state.weights, WEIGHTS),
    ...stored(parameters, state.momentum, MOMENTUM),
  ]);
  return encodeSafetensors(tensors);
}

export function decodeState(bytes: Uint8Array): OptimizerState {
  const { tensors } = decodeSafetensors(bytes);
  return { weights: loaded(tensors, WEIGHTS), momentum: loaded(tensors, MOMENTUM) };
}

/** Weights alone: the `auxiliary` output a neighbour reads. */
export function encodeWeights(parameters: readonly ParameterSpec[], weights: NamedValues): Uint8Array {
  return encodeSafetensors(new Map(stored(parameters, weights, '')));
}

export function decodeWeights(bytes: Uint8Array): NamedValues {
  return loaded(decodeSafetensors(bytes).tensors, '');
}

/** The states of all stages as one: names never collide, a stage's weights stay its own. */
export function mergeStates(states: readonly OptimizerState[]): OptimizerState {
  return {
    weights: new Map(states.flatMap((state) => [...state.weights])),
    momentum: new Map(states.flatMap((state) => [...state.momentum])),
  };
}

function stored(
  parameters: readonly ParameterSpec[],
  values: NamedValues,
  prefix: string,
): [string, StoredTensor][] {
  return parameters.map(({ name, shape }) => [`${prefix}${name}`, { shape, values: values.get(name)! }]);
}

function loaded(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): NamedValues {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { values }]) => [name.slice(prefix.length), values]),
  );
}
