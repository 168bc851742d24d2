import type { ConvLayer, MaxPoolLayer } from '../../network/index.js';

/** Sizes of a kernel [size,size,inputs,outputs]. */
interface KernelSides {
  readonly size: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Layout of a convolution kernel in ONNX and PyTorch: [size,size,C,O] -> [O,C,size,size]. */
export function outputsFirst(kernel: Float32Array, sides: KernelSides): Float32Array {
  const result = new Float32Array(kernel.length);
  eachPlace(sides, (last, first) => {
    result[first] = kernel[last]!;
  });
  return result;
}

/** The inverse: [O,C,size,size] -> [size,size,C,O]. */
export function outputsLast(kernel: Float32Array, sides: KernelSides): Float32Array {
  const result = new Float32Array(kernel.length);
  eachPlace(sides, (last, first) => {
    result[last] = kernel[first]!;
  });
  return result;
}

/** Calls `visit` with both positions of each number: with outputs last, and with outputs first. */
function eachPlace(
  { size, inputs, outputs }: KernelSides,
  visit: (last: number, first: number) => void,
): void {
  const places = size * size;
  for (let place = 0; place < places; place++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        visit((place * inputs + i) * outputs + o, (o * inputs + i) * places + place);
      }
    }
  }
}

/** A matrix [rows,columns] -> [columns,rows]. */
export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(
    matrix,
    (_, index) => matrix[(index % rows) * columns + Math.floor(index / rows)]!,
  );
}

export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** TensorFlow's SAME padding in numbers: an odd pixel goes to the end. Other runtimes define "same" differently. */
export function samePadding({ size, stride, input, output }: ConvLayer | MaxPoolLayer): Padding {
  const total = (from: number, to: number) => Math.max(0, (to - 1) * stride + size - from);
  const vertical = total(input.height, output.height);
  const horizontal = total(input.width, output.width);
  const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)];
  return { top, left, bottom: vertical - top, right: horizontal - left };
}
