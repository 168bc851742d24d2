import { type ParameterSpec, sizeOf } from '../../network/index.js';
import { layerOf, type NamedValues, type OptimizerState } from '../optimizer/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.js';

/** Prefix of the names of weights. */
export const WEIGHTS = 'weights/';
/** Prefix of the names of statistics in imported weights. */
export const STATISTICS = 'statistics/';
const IN_FLIGHT = 'in_flight/';

/**
 * The `state` output of a task: weights and optimizer state under their names, like `momentum/block0/conv1/kernel`.
 */
export function encodeState(
  parameters: readonly ParameterSpec[],
  state: OptimizerState,
  metadata: Readonly<Record<string, string>> = {},
  inFlight: ReadonlyMap<string, StoredTensor> = new Map(),
): Uint8Array {
  const slots = [...state.slots].flatMap(([slot, values]) => storedMemories(parameters, values, `${slot}/`));
  const batches = [...inFlight].map(([name, tensor]) => [`${IN_FLIGHT}${name}`, tensor] as const);
  return encodeSafetensors(
    new Map([...stored(parameters, state.weights, WEIGHTS), ...slots, ...batches]),
    metadata,
  );
}

/** The tensors of batches under way, which are no part of the state between two batches. */
export function inFlightOf(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  return new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(IN_FLIGHT) ? [[name.slice(IN_FLIGHT.length), tensor] as const] : [],
    ),
  );
}

export function decodeState(bytes: Uint8Array): OptimizerState {
  const { tensors } = decodeSafetensors(bytes);
  const prefixes = new Set([...tensors.keys()].map((name) => name.slice(0, name.indexOf('/') + 1)));
  prefixes.delete(WEIGHTS);
  prefixes.delete(IN_FLIGHT);
  return {
    weights: loaded(tensors, WEIGHTS),
    slots: new Map([...prefixes].map((prefix) => [prefix.slice(0, -1), loaded(tensors, prefix)])),
  };
}

/** Weights only: the `auxiliary` output that a neighbor reads. */
export function encodeWeights(parameters: readonly ParameterSpec[], weights: NamedValues): Uint8Array {
  return encodeSafetensors(new Map(stored(parameters, weights, '')));
}

export function decodeWeights(bytes: Uint8Array): NamedValues {
  return loaded(decodeSafetensors(bytes).tensors, '');
}

/** Merges the states of all stages. Names never collide, because each stage has its own parameters. */
export function mergeStates(states: readonly OptimizerState[]): OptimizerState {
  const merged = (slot: string): NamedValues =>
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

/**
 * State of the optimizer for the layers of these parameters, in the order of the parameters. A state may have its
 * own shape.
 */
function storedMemories(
  parameters: readonly ParameterSpec[],
  values: NamedValues,
  prefix: string,
): [string, StoredTensor][] {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const layers = new Set(parameters.map(({ name }) => layerOf(name)));
  const others = [...values.keys()].filter((name) => !shapes.has(name) && layers.has(layerOf(name)));
  return [...shapes.keys(), ...others].flatMap((name): [string, StoredTensor][] => {
    const found = values.get(name);
    if (found === undefined) return [];
    const shape = shapes.get(name);
    const fits = shape !== undefined && sizeOf({ shape }) === found.length;
    return [[`${prefix}${name}`, { shape: fits ? shape : [found.length], values: found }]];
  });
}

function loaded(tensors: ReadonlyMap<string, StoredTensor>, prefix: string): NamedValues {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { values }]) => [name.slice(prefix.length), values]),
  );
}
