import type { ConvLayer, MaxPoolLayer } from '../../../src/network/index.js';
import type { Features, ReferencePass, Values } from './reference.js';

/** The float64 oracle's layers that slide a window over their input. */

/** y = sum over taps of kernel x; each tap serves the product and both of its transposes. */
export function convPass(layer: ConvLayer, input: Features, values: Values): ReferencePass {
  const [batch, , , inputs] = input.shape;
  const { height, width, channels: outputs } = layer.output;
  const name = `${layer.name}/kernel`;
  const kernel = values.get(name)!;
  const y = new Float64Array(batch * height * width * outputs);
  forEachTap(layer, input, (x, at, k) => {
    for (let c = 0; c < inputs; c++)
      for (let o = 0; o < outputs; o++) y[at + o]! += input.values[x + c]! * kernel[k + c * outputs + o]!;
  });
  return {
    output: { shape: [batch, height, width, outputs], values: y },
    pullback: (cotangent, gradients) => {
      const dInput = new Float64Array(input.values.length);
      const dKernel = new Float64Array(kernel.length);
      forEachTap(layer, input, (x, at, k) => {
        for (let c = 0; c < inputs; c++)
          for (let o = 0; o < outputs; o++) {
            dInput[x + c]! += kernel[k + c * outputs + o]! * cotangent[at + o]!;
            dKernel[k + c * outputs + o]! += input.values[x + c]! * cotangent[at + o]!;
          }
      });
      gradients.set(name, dKernel);
      return dInput;
    },
  };
}

/** Each output passes its cotangent to the place its maximum came from. */
export function maxPoolPass(layer: MaxPoolLayer, input: Features): ReferencePass {
  const { height, width, channels } = layer.output;
  const batch = input.shape[0];
  const values = new Float64Array(batch * height * width * channels).fill(Number.NEGATIVE_INFINITY);
  const sources = new Int32Array(values.length);
  forEachTap(layer, input, (x, at) => {
    for (let c = 0; c < channels; c++) {
      if (input.values[x + c]! <= values[at + c]!) continue;
      values[at + c] = input.values[x + c]!;
      sources[at + c] = x + c;
    }
  });
  return {
    output: { shape: [batch, height, width, channels], values },
    pullback: (cotangent) => {
      const dInput = new Float64Array(input.values.length);
      cotangent.forEach((value, at) => {
        dInput[sources[at]!]! += value;
      });
      return dInput;
    },
  };
}

/** Offsets of the first channel: of an input pixel, of the output pixel it reaches, of the kernel's place between. */
function forEachTap(
  { size, stride, padding, output }: ConvLayer | MaxPoolLayer,
  input: Features,
  visit: (inputAt: number, outputAt: number, kernelAt: number) => void,
): void {
  const [batch, height, width, channels] = input.shape;
  // TensorFlow's SAME: the padding is split evenly, the odd pixel after. PyTorch's: as much before as after.
  const before = (length: number, count: number) =>
    padding === 'same' ? Math.max((count - 1) * stride + size - length, 0) >> 1 : size >> 1;
  const top = before(height, output.height);
  const left = before(width, output.width);
  for (let pixel = 0; pixel < batch * output.height * output.width; pixel++) {
    const column = pixel % output.width;
    const row = Math.floor(pixel / output.width) % output.height;
    const image = Math.floor(pixel / (output.width * output.height));
    for (let tap = 0; tap < size * size; tap++) {
      const y = row * stride + Math.floor(tap / size) - top;
      const x = column * stride + (tap % size) - left;
      if (y < 0 || y >= height || x < 0 || x >= width) continue;
      const inputAt = ((image * height + y) * width + x) * channels;
      visit(inputAt, pixel * output.channels, tap * channels * output.channels);
    }
  }
}
