import type { ParameterSpec } from '../../network/index.js';
import { type NamedValues, type OptimizerState, SLOTS, type Slot } from '../optimizer/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.js';

const WEIGHTS = 'weights/';
const prefixOf = (slot: Slot) => `${slot}/`;

/** A task's `state` output: weights and optimiser state under their names, `momentum/block0/conv1/kernel`. */
export function encodeState(
  parameters: readonly ParameterSpec[],
  state: OptimizerState,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const slots = [...state.slots].flatMap(([slot, values]) =>
    slot === 'steps'
      ? storedCounts(parameters, values, prefixOf(slot))
      : stored(parameters, values, prefixOf(slot)),
  );
  return encodeSafetensors(new Map([...stored(parameters, state.weights, WEIGHTS), ...slots]), metadata);
}

export function decodeState(bytes: Uint8Array): OptimizerState {
  const { tensors } = decodeSafetensors(bytes);
  const slots = SLOTS.map((slot): [Slot, NamedValues] => [slot, loaded(tensors, prefixOf(slot))]);
  return {
    weights: loaded(tensors, WEIGHTS),
    slots: new Map(slots.filter(([, values]) => values.size > 0)),
  };
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
  const merged = (slot: Slot): NamedValues =>
    new Map(states.flatMap((state) => [...(state.slots.get(slot) ?? [])]));
  const slots = new Set(states.flatMap((state) => [...state.slots.keys()]));
  return {
    weights: new Map(states.flatMap((state) => [...state.weights])),
    slots: new Map([...slots].map((slot) => [slot, merged(slot)])),
  };
}

function stored(
  parameters: readonly ParameterSpec[],
  values: NamedValues,
  prefix: string,
): [string, StoredTensor][] {
  return parameters.map(({ name, shape }) => [`${prefix}${name}`, { shape, values: values.get(name)! }]);
}

function storedCounts(
  parameters: readonly ParameterSpec[],
  values: NamedValues,
  prefix: string,
): [string, StoredTensor][] {
  return parameters.map(({ name }) => [`${prefix}${name}`, { shape: [1], values: values.get(name)! }]);
}

function loaded(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): NamedValues {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { values }]) => [name.slice(prefix.length), values]),
  );
}
