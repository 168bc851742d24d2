import type { ConvLayer, MaxPoolLayer } from '../../network/index.js';

/** A convolution's kernel as ONNX and PyTorch hold it: [size,size,C,O] -> [O,C,size,size]. */
export function outputsFirst(kernel: Float32Array, { size, input, output }: ConvLayer): Float32Array {
  const [inputs, outputs, places] = [input.channels, output.channels, size * size];
  const result = new Float32Array(kernel.length);
  for (let place = 0; place < places; place++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        result[(o * inputs + i) * places + place] = kernel[(place * inputs + i) * outputs + o]!;
      }
    }
  }
  return result;
}

export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** TensorFlow's SAME padding in numbers: the odd pixel goes behind, as not every runtime's "same" has it. */
export function samePadding({ size, stride, input, output }: ConvLayer | MaxPoolLayer): Padding {
  const total = (from: number, to: number) => Math.max(0, (to - 1) * stride + size - from);
  const vertical = total(input.height, output.height);
  const horizontal = total(input.width, output.width);
  const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)];
  return { top, left, bottom: vertical - top, right: horizontal - left };
}
