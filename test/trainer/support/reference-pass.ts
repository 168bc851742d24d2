import type { DenseLayer, Layer, NormLayer, PoolLayer, ResidualLayer } from '../../../src/network/index.js';
import type { Features, ReferencePass, Values } from './reference.js';
import { convPass, maxPoolPass } from './reference-windows.js';

/**
 * Reverse mode for the float64 oracle: each layer's vector-Jacobian product written out by hand. It is judged by
 * finite differences of `referenceForward`, which shares no code with it (reference-gradients.test.ts).
 */

/** The function after a batch norm or a sum: its value and its slope at x. */
export interface Rectifier {
  value(x: number): number;
  slope(x: number): number;
}

export const RELU: Rectifier = { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) };

/** log(1 + e^x): ReLU without its kink, for statements about curvature (checks 4 and 5). */
export const SOFTPLUS: Rectifier = {
  value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  slope: (x) => 1 / (1 + Math.exp(-x)),
};

const EPSILON = 1e-5;

export function referencePass(
  layers: readonly Layer[],
  input: Features,
  values: Values,
  rectifier: Rectifier = RELU,
): ReferencePass {
  const passes: ReferencePass[] = [];
  let output = input;
  for (const layer of layers) {
    const pass = layerPass(layer, output, values, rectifier);
    passes.push(pass);
    output = pass.output;
  }
  return {
    output,
    pullback: (cotangent, gradients) =>
      passes.reduceRight((current, pass) => pass.pullback(current, gradients), cotangent),
  };
}

function layerPass(layer: Layer, input: Features, values: Values, rectifier: Rectifier): ReferencePass {
  switch (layer.op) {
    case 'conv':
      return convPass(layer, input, values);
    case 'norm':
      return rectified(normPass(layer, input, values), layer.relu, rectifier);
    case 'residual':
      return rectified(residualPass(layer, input, values, rectifier), layer.relu, rectifier);
    case 'max-pool':
      return maxPoolPass(layer, input);
    case 'pool':
      return poolPass(layer, input);
    case 'dense':
      return densePass(layer, input, values);
    default:
      throw new Error(`no float64 gradient is written for ${(layer as Layer).op}`);
  }
}

function rectified(pass: ReferencePass, applies: boolean, rectifier: Rectifier): ReferencePass {
  if (!applies) return pass;
  const { shape, values } = pass.output;
  return {
    output: { shape, values: values.map(rectifier.value) },
    pullback: (cotangent, gradients) =>
      pass.pullback(
        cotangent.map((value, index) => value * rectifier.slope(values[index]!)),
        gradients,
      ),
  };
}

/** With s = 1/sqrt(var + eps), n = (x - mean) s:  dx = gamma s (dy - mean(dy) - n mean(dy n)). */
function normPass(layer: NormLayer, input: Features, values: Values): ReferencePass {
  const channels = layer.output.channels;
  const gamma = values.get(`${layer.name}/gamma`)!;
  const beta = values.get(`${layer.name}/beta`)!;
  const count = input.values.length / channels;
  const meanOf = (terms: Float64Array) => {
    const sums = new Float64Array(channels);
    for (let i = 0; i < terms.length; i++) sums[i % channels]! += terms[i]! / count;
    return sums;
  };
  const mean = meanOf(input.values);
  const centred = input.values.map((value, i) => value - mean[i % channels]!);
  const scale = meanOf(centred.map((value) => value * value)).map((v) => 1 / Math.sqrt(v + EPSILON));
  const normal = centred.map((value, i) => value * scale[i % channels]!);
  return {
    output: {
      shape: input.shape,
      values: normal.map((value, i) => value * gamma[i % channels]! + beta[i % channels]!),
    },
    pullback: (cotangent, gradients) => {
      const dBeta = meanOf(cotangent);
      const dGamma = meanOf(cotangent.map((value, i) => value * normal[i]!));
      gradients.set(
        `${layer.name}/beta`,
        dBeta.map((value) => value * count),
      );
      gradients.set(
        `${layer.name}/gamma`,
        dGamma.map((value) => value * count),
      );
      return cotangent.map((value, i) => {
        const c = i % channels;
        return gamma[c]! * scale[c]! * (value - dBeta[c]! - normal[i]! * dGamma[c]!);
      });
    },
  };
}

function residualPass(
  layer: ResidualLayer,
  input: Features,
  values: Values,
  rectifier: Rectifier,
): ReferencePass {
  const branch = referencePass(layer.branch, input, values, rectifier);
  const shortcut = referencePass(layer.shortcut, input, values, rectifier);
  return {
    output: { shape: branch.output.shape, values: sum(branch.output.values, shortcut.output.values) },
    pullback: (cotangent, gradients) =>
      sum(branch.pullback(cotangent, gradients), shortcut.pullback(cotangent, gradients)),
  };
}

function poolPass(_layer: PoolLayer, input: Features): ReferencePass {
  const [batch, height, width, channels] = input.shape;
  const pixels = height * width;
  const target = (index: number) => Math.floor(index / (pixels * channels)) * channels + (index % channels);
  const values = new Float64Array(batch * channels);
  input.values.forEach((value, index) => {
    values[target(index)]! += value / pixels;
  });
  return {
    output: { shape: [batch, 1, 1, channels], values },
    pullback: (cotangent) => input.values.map((_, index) => cotangent[target(index)]! / pixels),
  };
}

function densePass(layer: DenseLayer, input: Features, values: Values): ReferencePass {
  const { inputs, outputs } = layer;
  const batch = input.shape[0];
  const kernel = values.get(`${layer.name}/kernel`)!;
  const bias = values.get(`${layer.name}/bias`)!;
  const y = Float64Array.from({ length: batch * outputs }, (_, index) => bias[index % outputs]!);
  const forEachProduct = (visit: (x: number, y: number, k: number) => void) => {
    for (let b = 0; b < batch; b++)
      for (let i = 0; i < inputs; i++)
        for (let o = 0; o < outputs; o++) visit(b * inputs + i, b * outputs + o, i * outputs + o);
  };
  forEachProduct((x, at, k) => {
    y[at]! += input.values[x]! * kernel[k]!;
  });
  return {
    output: { shape: [batch, 1, 1, outputs], values: y },
    pullback: (cotangent, gradients) => {
      const dInput = new Float64Array(input.values.length);
      const dKernel = new Float64Array(kernel.length);
      const dBias = new Float64Array(outputs);
      forEachProduct((x, at, k) => {
        dInput[x]! += kernel[k]! * cotangent[at]!;
        dKernel[k]! += input.values[x]! * cotangent[at]!;
      });
      cotangent.forEach((value, index) => {
        dBias[index % outputs]! += value;
      });
      gradients.set(`${layer.name}/kernel`, dKernel).set(`${layer.name}/bias`, dBias);
      return dInput;
    },
  };
}

/** d (mean softmax cross-entropy) / d logits. */
export function referenceLossCotangent(logits: Features, labels: readonly number[]): Float64Array {
  const classes = logits.shape[3];
  const result = new Float64Array(logits.values.length);
  labels.forEach((label, image) => {
    const row = [...logits.values.subarray(image * classes, (image + 1) * classes)];
    const largest = Math.max(...row);
    const total = row.reduce((partial, value) => partial + Math.exp(value - largest), 0);
    row.forEach((value, index) => {
      const share = Math.exp(value - largest) / total - (index === label ? 1 : 0);
      result[image * classes + index] = share / labels.length;
    });
  });
  return result;
}

const sum = (a: Float64Array, b: Float64Array) => a.map((value, index) => value + b[index]!);
