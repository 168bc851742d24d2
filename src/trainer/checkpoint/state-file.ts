import { type ParameterSpec, sizeOf } from '../../network/index.js';
import {
  layerOf,
  type NamedValues,
  type OptimizerState,
  type ReadableState,
  readValues,
  type StateOf,
  type Values,
} from '../optimizer/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor, type TensorOf } from './safetensors.js';
import { openSafetensors } from './safetensors-file.js';

/** Prefix of the names of weights. */
export const WEIGHTS = 'weights/';
/** Prefix of the names of statistics in imported weights. */
export const STATISTICS = 'statistics/';
const IN_FLIGHT = 'in_flight/';

type NamedTensors = [string, TensorOf<Values>][];

/**
 * The tensors of the `state` output of a task: weights and optimizer state under their names, like
 * `momentum/block0/conv1/kernel`.
 */
export function stateTensors(
  parameters: readonly ParameterSpec[],
  { weights, slots }: ReadableState,
): NamedTensors {
  const memories = [...slots].flatMap(([slot, values]) => storedMemories(parameters, values, `${slot}/`));
  return [...stored(parameters, weights, WEIGHTS), ...memories];
}

/** The bytes of that output. */
export function encodeState(parameters: readonly ParameterSpec[], state: ReadableState): Uint8Array {
  return encodeSafetensors(stateTensors(parameters, state));
}

/** Tensors of batches under way, under the names that a checkpoint has them by. */
export function inFlightTensors(inFlight: ReadonlyMap<string, StoredTensor>): NamedTensors {
  return [...inFlight].map(([name, tensor]) => [`${IN_FLIGHT}${name}`, tensor]);
}

/** The tensors of batches under way, which are no part of the state between two batches. */
export function inFlightOf(tensors: ReadonlyMap<string, TensorOf<Values>>): Map<string, StoredTensor> {
  return new Map(
    [...tensors].flatMap(([name, { shape, values }]) =>
      name.startsWith(IN_FLIGHT)
        ? [[name.slice(IN_FLIGHT.length), { shape, values: readValues(values) }] as const]
        : [],
    ),
  );
}

export function decodeState(bytes: Uint8Array): OptimizerState {
  return stateIn(decodeSafetensors(bytes).tensors);
}

/** The state in a file, whose arrays are read when they are asked for. @throws TrainerError blob_corrupt */
export async function openState(path: string): Promise<ReadableState> {
  return stateIn((await openSafetensors(path)).tensors);
}

export function stateIn<T extends Values>(tensors: ReadonlyMap<string, TensorOf<T>>): StateOf<T> {
  const prefixes = new Set([...tensors.keys()].map((name) => name.slice(0, name.indexOf('/') + 1)));
  prefixes.delete(WEIGHTS);
  prefixes.delete(IN_FLIGHT);
  return {
    weights: valuesBelow(tensors, WEIGHTS),
    slots: new Map([...prefixes].map((prefix) => [prefix.slice(0, -1), valuesBelow(tensors, prefix)])),
  };
}

/** Weights only: the `auxiliary` output that a neighbor reads. */
export function encodeWeights(
  parameters: readonly ParameterSpec[],
  weights: ReadonlyMap<string, Values>,
): Uint8Array {
  return encodeSafetensors(stored(parameters, weights, ''));
}

export function decodeWeights(bytes: Uint8Array): NamedValues {
  return valuesBelow(decodeSafetensors(bytes).tensors, '');
}

/** Merges the states of all stages. Names never collide, because each stage has its own parameters. */
export function mergeStates<T extends Values>(states: readonly StateOf<T>[]): StateOf<T> {
  const merged = (slot: string): ReadonlyMap<string, T> =>
    new Map(states.flatMap((state) => [...(state.slots.get(slot) ?? [])]));
  const slots = new Set(states.flatMap((state) => [...state.slots.keys()]));
  return {
    weights: new Map(states.flatMap((state) => [...state.weights])),
    slots: new Map([...slots].map((slot) => [slot, merged(slot)])),
  };
}

function stored(
  parameters: readonly ParameterSpec[],
  values: ReadonlyMap<string, Values>,
  prefix: string,
): NamedTensors {
  return parameters.map(({ name, shape }) => [`${prefix}${name}`, { shape, values: values.get(name)! }]);
}

/**
 * State of the optimizer for the layers of these parameters, in the order of the parameters. A state may have its
 * own shape.
 */
function storedMemories(
  parameters: readonly ParameterSpec[],
  values: ReadonlyMap<string, Values>,
  prefix: string,
): NamedTensors {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const layers = new Set(parameters.map(({ name }) => layerOf(name)));
  const others = [...values.keys()].filter((name) => !shapes.has(name) && layers.has(layerOf(name)));
  return [...shapes.keys(), ...others].flatMap((name): NamedTensors => {
    const found = values.get(name);
    if (found === undefined) return [];
    const shape = shapes.get(name);
    const fits = shape !== undefined && sizeOf({ shape }) === found.length;
    return [[`${prefix}${name}`, { shape: fits ? shape : [found.length], values: found }]];
  });
}

function valuesBelow<T>(tensors: ReadonlyMap<string, TensorOf<T>>, prefix: string): ReadonlyMap<string, T> {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { values }]) => [name.slice(prefix.length), values]),
  );
}
