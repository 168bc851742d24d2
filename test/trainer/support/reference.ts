import type { ConvLayer, IntegralLayer, Layer, MaxPoolLayer, NormLayer } from '../../../src/network/index.js';

/**
 * The oracle: the same networks in plain JavaScript float64, written for clarity, one loop per formula. It shares no
 * code with the trainer but the description of the layers.
 */
export interface Features {
  /** [B, height, width, channels]; height = width = 1 after pooling. */
  readonly shape: readonly [number, number, number, number];
  readonly values: Float64Array;
}

export type Values = ReadonlyMap<string, ArrayLike<number>>;

/** A layer's forward pass that can be walked back. */
export interface ReferencePass {
  readonly output: Features;
  /** d loss / d output -> d loss / d input; adds d loss / d parameter to `gradients`. */
  pullback(cotangent: Float64Array, gradients: Map<string, Float64Array>): Float64Array;
}

const EPSILON = 1e-5;

/** Mean and variance of each channel, of one batch norm. */
export interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** The moments that a batch norm normalises its input by. */
export type MomentsRule = (layer: NormLayer, input: Features) => Moments;

const OF_THE_BATCH: MomentsRule = (_, input) => momentsOf(input);

/** Forward pass, with batch statistics unless told otherwise. A dropout multiplies by the values' `<name>/mask`. */
export function referenceForward(
  layers: readonly Layer[],
  input: Features,
  values: Values,
  rule: MomentsRule = OF_THE_BATCH,
): Features {
  return layers.reduce((current, layer) => applyLayer(layer, current, values, rule), input);
}

/** Mean softmax cross-entropy of logits [B,1,1,classes]. */
export function referenceLoss(logits: Features, labels: readonly number[]): number {
  const classes = logits.shape[3];
  const losses = labels.map((label, image) => {
    const row = [...logits.values.subarray(image * classes, (image + 1) * classes)];
    const largest = Math.max(...row);
    return Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0)) + largest - row[label]!;
  });
  return losses.reduce((a, b) => a + b, 0) / labels.length;
}

function applyLayer(layer: Layer, input: Features, values: Values, rule: MomentsRule): Features {
  switch (layer.op) {
    case 'conv':
      return conv(input, values.get(`${layer.name}/kernel`)!, layer);
    case 'norm': {
      const scaling = [values.get(`${layer.name}/gamma`)!, values.get(`${layer.name}/beta`)!] as const;
      const output = norm(input, ...scaling, rule(layer, input));
      return layer.relu ? rectify(output) : output;
    }
    case 'residual': {
      const branch = referenceForward(layer.branch, input, values, rule);
      const shortcut = referenceForward(layer.shortcut, input, values, rule);
      const sum = { ...branch, values: branch.values.map((value, index) => value + shortcut.values[index]!) };
      return layer.relu ? rectify(sum) : sum;
    }
    case 'integral':
      return integrate(layer, input, values.get(`${layer.name}/time`)?.[0] ?? 1, (state, step, slope) =>
        referenceForward(usedIn(layer, step, slope), state, values, rule),
      );
    case 'max-pool':
      return maxPool(input, layer);
    case 'dropout': {
      const mask = values.get(`${layer.name}/mask`)!;
      return { ...input, values: input.values.map((value, index) => value * mask[index]!) };
    }
    case 'pool':
      return pool(input);
    case 'dense':
      return dense(
        input,
        values.get(`${layer.name}/kernel`)!,
        values.get(`${layer.name}/bias`)!,
        layer.outputs,
      );
  }
}

/** The field at a slope, whose batch norms a rule tells apart by `use`. */
function usedIn({ name, field }: IntegralLayer, step: number, slope: number): Layer[] {
  const useOf = (layer: string) => `${name}/step${step}/slope${slope}/${layer.split('/').at(-1)}`;
  return field.map((layer) => ({ ...layer, use: useOf(layer.name) }));
}

/** The textbook's formulas of each solver: dx/dt = f(x). The implicit midpoint by eight evaluations. */
function integrate(
  { solver, steps }: IntegralLayer,
  input: Features,
  time: number,
  f: (state: Features, step: number, slope: number) => Features,
): Features {
  const h = time / steps;
  const plus = (x: Features, factor: number, k: Features): Features => ({
    ...x,
    values: x.values.map((value, index) => value + factor * k.values[index]!),
  });
  let x = input;
  for (let step = 0; step < steps; step++) {
    const k1 = f(x, step, 0);
    switch (solver) {
      case 'euler':
        x = plus(x, h, k1);
        break;
      case 'midpoint':
        x = plus(x, h, f(plus(x, h / 2, k1), step, 1));
        break;
      case 'implicit-midpoint': {
        let k = k1;
        for (let iteration = 1; iteration < 8; iteration++) k = f(plus(x, h / 2, k), step, iteration);
        x = plus(x, h, k);
        break;
      }
      case 'rk4': {
        const k2 = f(plus(x, h / 2, k1), step, 1);
        const k3 = f(plus(x, h / 2, k2), step, 2);
        const k4 = f(plus(x, h, k3), step, 3);
        x = plus(plus(plus(plus(x, h / 6, k1), h / 3, k2), h / 3, k3), h / 6, k4);
        break;
      }
    }
  }
  return x;
}

function conv(input: Features, kernel: ArrayLike<number>, layer: ConvLayer): Features {
  const { size, stride } = layer;
  const outputs = layer.output.channels;
  const [batch, height, width, channels] = input.shape;
  const rows = Math.ceil(height / stride);
  const columns = Math.ceil(width / stride);
  const top = paddingBefore(height, layer);
  const left = paddingBefore(width, layer);
  const values = new Float64Array(batch * rows * columns * outputs);
  let at = 0;
  for (let b = 0; b < batch; b++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let output = 0; output < outputs; output++, at++)
          for (let i = 0; i < size; i++)
            for (let j = 0; j < size; j++) {
              const y = row * stride + i - top;
              const x = column * stride + j - left;
              if (y < 0 || y >= height || x < 0 || x >= width) continue;
              for (let c = 0; c < channels; c++) {
                const pixel = input.values[((b * height + y) * width + x) * channels + c]!;
                values[at]! += pixel * kernel[((i * size + j) * channels + c) * outputs + output]!;
              }
            }
  return { shape: [batch, rows, columns, outputs], values };
}

/** TensorFlow's SAME: the padding is split evenly, the odd pixel after. PyTorch's padding=size//2: the same all around. */
function paddingBefore(length: number, { size, stride, padding }: ConvLayer | MaxPoolLayer): number {
  if (padding === 'symmetric') return Math.floor(size / 2);
  const windows = Math.ceil(length / stride);
  return Math.floor(Math.max((windows - 1) * stride + size - length, 0) / 2);
}

/** The padding is never the largest. */
function maxPool(input: Features, layer: MaxPoolLayer): Features {
  const { size, stride } = layer;
  const [batch, height, width, channels] = input.shape;
  const rows = Math.ceil(height / stride);
  const columns = Math.ceil(width / stride);
  const within = (start: number, length: number) =>
    Array.from({ length: size }, (_, index) => start + index).filter((at) => at >= 0 && at < length);
  const values = new Float64Array(batch * rows * columns * channels);
  let at = 0;
  for (let b = 0; b < batch; b++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let c = 0; c < channels; c++, at++) {
          const ys = within(row * stride - paddingBefore(height, layer), height);
          const xs = within(column * stride - paddingBefore(width, layer), width);
          const window = ys.flatMap((y) =>
            xs.map((x) => input.values[((b * height + y) * width + x) * channels + c]!),
          );
          values[at] = Math.max(...window);
        }
  return { shape: [batch, rows, columns, channels], values };
}

/** Over batch, height and width; the variance is divided by the count. */
export function momentsOf({ shape, values }: Features): Moments {
  const channels = shape[3];
  const count = values.length / channels;
  const mean = new Float64Array(channels);
  values.forEach((value, i) => {
    mean[i % channels]! += value / count;
  });
  const variance = new Float64Array(channels);
  values.forEach((value, i) => {
    variance[i % channels]! += (value - mean[i % channels]!) ** 2 / count;
  });
  return { mean, variance };
}

function norm(
  { shape, values }: Features,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  { mean, variance }: Moments,
): Features {
  const channels = shape[3];
  const scale = variance.map((v, c) => gamma[c]! / Math.sqrt(v + EPSILON));
  return {
    shape,
    values: values.map((value, i) => {
      const c = i % channels;
      return (value - mean[c]!) * scale[c]! + beta[c]!;
    }),
  };
}

function pool(input: Features): Features {
  const [batch, height, width, channels] = input.shape;
  const values = new Float64Array(batch * channels);
  input.values.forEach((value, index) => {
    const image = Math.floor(index / (height * width * channels));
    values[image * channels + (index % channels)]! += value / (height * width);
  });
  return { shape: [batch, 1, 1, channels], values };
}

function dense(
  input: Features,
  kernel: ArrayLike<number>,
  bias: ArrayLike<number>,
  outputs: number,
): Features {
  const [batch, , , inputs] = input.shape;
  const values = new Float64Array(batch * outputs);
  for (let b = 0; b < batch; b++)
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o]!;
      for (let i = 0; i < inputs; i++) sum += input.values[b * inputs + i]! * kernel[i * outputs + o]!;
      values[b * outputs + o] = sum;
    }
  return { shape: [batch, 1, 1, outputs], values };
}

function rectify(input: Features): Features {
  return { shape: input.shape, values: input.values.map((value) => Math.max(value, 0)) };
}
