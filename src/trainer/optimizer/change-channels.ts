import {
  channelCounts,
  type HiddenConvolution,
  hiddenConvolutions,
  type Layer,
  type ParameterSpec,
  parametersOf,
  sizeOf,
  withChannels,
} from '../../network/index.js';
import type { OptimizerState } from './optimizer-state.js';
import { initialValues } from './parameter-values.js';
import type { NamedValues } from './values.js';

/** A change of the hidden channels of a chain of layers. */
export interface ChannelChange {
  /** The chain with the channels that it gets; its state may have others. */
  readonly layers: readonly Layer[];
  /** Number of new channels among those of a hidden convolution. More are new where the state has too few. */
  readonly regrown: (channels: number) => number;
  /** The seed of the random kernels of new channels. */
  readonly seed: number;
  /** Makes the random values of this change others than those of an earlier one. */
  readonly label: string;
}

/** For each channel after a change its index before, or null for a new one. */
type Origins = readonly (number | null)[];

/** The origins of the values of a parameter along two of its sides; null for a side that stays. */
interface Sides {
  readonly inputs: Origins | null;
  readonly outputs: Origins | null;
}

/**
 * The state of a chain with other hidden channels: the least important ones are removed, and their places in weights and in the
 * memory of the optimizer with them, so that what is left computes as the whole chain with zeros in their place. New channels
 * stand last. Their kernels and memories are those of a start, and the kernel that reads them is 0: they change no output
 * until they are trained. Parameters of other layers stay.
 */
export function changeChannels(state: OptimizerState, change: ChannelChange): OptimizerState {
  const { layers, regrown, seed, label } = change;
  const chain = withChannelsOf(layers, state.weights);
  const counts = channelCounts(layers);
  const hidden = hiddenConvolutions(chain);
  const origins = new Map(
    hidden.map((each) => {
      const channels = counts.get(each.conv.name)!;
      const kept = channels - regrown(channels);
      return [each.conv.name, originsOf(each, state.weights, channels, kept)] as const;
    }),
  );
  const sides = sidesOf(hidden, origins);
  const parameters = parametersOf(layers).filter(({ name }) => sides.has(name));
  const fresh = startingValues(parameters, seed, label);
  const before = new Map(parametersOf(chain).map((parameter) => [parameter.name, parameter]));
  const changed = (values: NamedValues, startOf: (name: string) => Float32Array | null): NamedValues => {
    const all = new Map(values);
    for (const parameter of parameters) {
      const { name } = parameter;
      const found = values.get(name);
      // A memory that has not the size of its parameter, like a number of updates, belongs to no channel.
      const earlier = before.get(name)!;
      if (found?.length !== sizeOf(earlier)) continue;
      all.set(name, rearranged(earlier, parameter, found, sides.get(name)!, startOf(name)));
    }
    return all;
  };
  return {
    weights: changed(state.weights, (name) => fresh.get(name)!),
    slots: new Map([...state.slots].map(([slot, values]) => [slot, changed(values, () => null)])),
  };
}

/** A chain with the hidden channels that its weights have; weights of a chain that is not there change nothing. */
export function withChannelsOf<L extends Layer>(layers: readonly L[], weights: NamedValues): L[] {
  const counts = hiddenConvolutions(layers).flatMap(({ conv, norm }) => {
    const channels = weights.get(`${norm.name}/gamma`)?.length;
    return channels === undefined ? [] : [[conv.name, channels] as const];
  });
  return withChannels(layers, new Map(counts));
}

/** The most important channels in their order, at most `kept`, then new ones. Of equal ones, the first stay. */
function originsOf(
  { norm, reader }: HiddenConvolution,
  weights: NamedValues,
  channels: number,
  kept: number,
): Origins {
  const importance = channelImportance(
    weights.get(`${norm.name}/gamma`)!,
    weights.get(`${reader.name}/kernel`)!,
    reader.op === 'conv' ? reader.output.channels : reader.outputs,
  );
  const order = importance.map((_, index) => index).sort((a, b) => importance[b]! - importance[a]! || a - b);
  const old = order.slice(0, kept).sort((a, b) => a - b);
  return [...old, ...Array.from({ length: channels - old.length }, () => null)];
}

/**
 * Importance of each channel: |gamma| times the Euclidean norm of the part of the kernel that reads it. The shift is left out,
 * since the batch norm behind takes away what is constant.
 * @param gamma scales, [channels]
 * @param kernel of a convolution [size, size, channels, outputs], or of a dense layer [channels, outputs]
 */
export function channelImportance(gamma: Float32Array, kernel: Float32Array, outputs: number): number[] {
  const squares = new Float64Array(gamma.length);
  kernel.forEach((value, index) => {
    squares[Math.floor(index / outputs) % gamma.length]! += value * value;
  });
  return Array.from(squares, (square, channel) => Math.abs(gamma[channel]!) * Math.sqrt(square));
}

/** The parameters that have a side of hidden channels. */
function sidesOf(
  hidden: readonly HiddenConvolution[],
  origins: ReadonlyMap<string, Origins>,
): ReadonlyMap<string, Sides> {
  const sides = new Map<string, Sides>();
  const add = (name: string, side: Partial<Sides>) =>
    sides.set(name, { ...(sides.get(name) ?? { inputs: null, outputs: null }), ...side });
  for (const { conv, norm, reader } of hidden) {
    const own = origins.get(conv.name)!;
    add(`${conv.name}/kernel`, { outputs: own });
    add(`${norm.name}/gamma`, { outputs: own });
    add(`${norm.name}/beta`, { outputs: own });
    add(`${reader.name}/kernel`, { inputs: own });
  }
  return sides;
}

function startingValues(parameters: readonly ParameterSpec[], seed: number, label: string): NamedValues {
  const named = parameters.map((parameter) => ({ ...parameter, name: `${parameter.name} ${label}` }));
  const values = initialValues(named, seed);
  return new Map(parameters.map(({ name }, index) => [name, values.get(named[index]!.name)!]));
}

/**
 * Values of a parameter [..., inputs, outputs], or [outputs], by their origins. What reads a new channel is 0.
 * @param start values of new outputs, of the parameter's shape; null: zeros
 */
function rearranged(
  before: ParameterSpec,
  after: ParameterSpec,
  values: Float32Array,
  sides: Sides,
  start: Float32Array | null,
): Float32Array {
  const [outputsBefore, inputsBefore] = matrixOf(before);
  const [outputs, inputs] = matrixOf(after);
  return Float32Array.from({ length: sizeOf(after) }, (_, index) => {
    const output = index % outputs;
    const input = Math.floor(index / outputs) % inputs;
    const place = Math.floor(index / (outputs * inputs));
    const fromInput = originOf(sides.inputs, input);
    const fromOutput = originOf(sides.outputs, output);
    if (fromInput === null) return 0;
    if (fromOutput === null) return start?.[index] ?? 0;
    return values[(place * inputsBefore + fromInput) * outputsBefore + fromOutput]!;
  });
}

const originOf = (origins: Origins | null, index: number): number | null =>
  origins === null ? index : (origins[index] ?? null);

/** The last side of a parameter, and the one before it. */
function matrixOf({ shape }: ParameterSpec): readonly [outputs: number, inputs: number] {
  const [outputs = 1, inputs = 1] = shape.toReversed();
  return [outputs, inputs];
}
