import type { OnnxTensor } from '../onnx-format.js';

/** Weights as integers: value = scale of its output channel x integer. */
export interface Int8Weight {
  readonly values: Int8Array;
  readonly shape: readonly number[];
  /** One per output channel. */
  readonly scales: Float32Array;
}

const LARGEST = 127;
/** Integers of a bias stay below it, with a bit to spare for the sum that they are added to. */
const LARGEST_BIAS = 2 ** 30;

/**
 * Rounds a kernel to int8 with one scale per output channel. The largest weight of a channel becomes 127, unless the bias of the
 * channel, whose scale is the product of both scales, would not fit into 32 bits.
 * @param axis of the output channels
 * @param inputScale of the activations that the kernel reads
 */
export function quantizeWeight(
  { values, shape }: Pick<OnnxTensor, 'values' | 'shape'>,
  axis: number,
  inputScale: number,
  biases: Float32Array | null,
): Int8Weight {
  const outputs = shape[axis]!;
  const after = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channelOf = (index: number) => Math.floor(index / after) % outputs;
  const largest = new Float64Array(outputs);
  values.forEach((value, index) => {
    const channel = channelOf(index);
    largest[channel] = Math.max(largest[channel]!, Math.abs(value));
  });
  const scales = Float32Array.from(largest, (magnitude, channel) => {
    const needed = Math.abs(biases?.[channel] ?? 0) / (LARGEST_BIAS * inputScale);
    return Math.max(magnitude / LARGEST, needed) || 1;
  });
  const integers = Int8Array.from(values, (value, index) => Math.round(value / scales[channelOf(index)]!));
  return { values: integers, shape, scales };
}

/** @param scales one per output channel */
export function quantizeBias(biases: Float32Array, scales: Float32Array): Int32Array {
  return Int32Array.from(biases, (bias, channel) => Math.round(bias / scales[channel]!));
}
