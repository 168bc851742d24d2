import { effectiveRule, type PaddingRule } from './padding.js';

/**
 * A network as data. All other code reads this description: parameter and cost counts here, execution in
 * src/trainer/network, the exported model in src/trainer/export.
 * Shapes are of one image. At run time the batch dimension comes first: [B, height, width, channels].
 */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Convolution without bias. Kernel [size, size, input.channels, output.channels]. */
export interface ConvLayer {
  readonly op: 'conv';
  readonly name: string;
  readonly size: number;
  readonly stride: number;
  readonly padding: PaddingRule;
  readonly input: Shape;
  readonly output: Shape;
  /** Whether training leaves it as it is. Absent: it is trained. */
  readonly frozen?: boolean;
}

/** Batch normalization over N, H and W with scale and shift, followed by ReLU if `relu` is set. */
export interface NormLayer {
  readonly op: 'norm';
  readonly name: string;
  readonly output: Shape;
  readonly relu: boolean;
  /** Whether its scale starts at 0. Absent: at 1. */
  readonly startsAtZero?: boolean;
  /** Whether training leaves scale and shift as they are. Absent: they are trained. */
  readonly frozen?: boolean;
  /** Whether it normalizes by statistics that belong to the weights, in training too. Absent: by those of the batch. */
  readonly keepsStatistics?: boolean;
}

/** branch(x) + shortcut(x), followed by ReLU if `relu` is set. An empty shortcut is the identity. */
export interface ResidualLayer {
  readonly op: 'residual';
  readonly name: string;
  readonly branch: readonly Layer[];
  readonly shortcut: readonly Layer[];
  readonly output: Shape;
  readonly relu: boolean;
}

/** Maximum of each [size, size] window; padding never is the largest. [B,h,w,c] -> [B, ceil(h/stride), ceil(w/stride), c]. */
export interface MaxPoolLayer {
  readonly op: 'max-pool';
  readonly name: string;
  readonly size: number;
  readonly stride: number;
  readonly padding: PaddingRule;
  readonly input: Shape;
  readonly output: Shape;
}

/**
 * In training, sets each value to 0 with probability `rate` and divides the others by 1 - rate. At inference,
 * changes nothing (Srivastava et al. 2014, inverted). Any shape with an even number of values.
 */
export interface DropoutLayer {
  readonly op: 'dropout';
  readonly name: string;
  readonly rate: number;
}

/** Mean over height and width: [B,h,w,c] -> [B,c]. */
export interface PoolLayer {
  readonly op: 'pool';
  readonly name: string;
  readonly input: Shape;
}

/** Fully connected with bias: [B,inputs] -> [B,outputs]. */
export interface DenseLayer {
  readonly op: 'dense';
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
}

export type Layer =
  | ConvLayer
  | NormLayer
  | ResidualLayer
  | MaxPoolLayer
  | DropoutLayer
  | PoolLayer
  | DenseLayer;

export function convLayer(
  name: string,
  size: number,
  stride: number,
  input: Shape,
  channels: number,
  rule: PaddingRule = 'same',
): ConvLayer {
  const window = { size, stride, input, output: { ...strided(input, stride), channels } };
  return { op: 'conv', name, ...window, padding: effectiveRule(window, rule) };
}

export function maxPoolLayer(
  name: string,
  size: number,
  stride: number,
  input: Shape,
  rule: PaddingRule = 'same',
): MaxPoolLayer {
  const window = { size, stride, input, output: strided(input, stride) };
  return { op: 'max-pool', name, ...window, padding: effectiveRule(window, rule) };
}

/** Either padding: stride s keeps ceil(n / s) of n positions. */
export function strided(shape: Shape, stride: number): Shape {
  return {
    ...shape,
    height: Math.ceil(shape.height / stride),
    width: Math.ceil(shape.width / stride),
  };
}

export function normLayer(name: string, output: Shape, relu: boolean): NormLayer {
  return { op: 'norm', name, output, relu };
}

/** All layers in order of execution. The layers inside a residual layer come before the residual layer. */
export function flatten(layers: readonly Layer[]): Layer[] {
  const flat: Layer[] = [];
  // One shared list, because the layers of every submitted job are counted.
  const add = (layer: Layer): void => {
    if (layer.op === 'residual') {
      layer.branch.forEach(add);
      layer.shortcut.forEach(add);
    }
    flat.push(layer);
  };
  layers.forEach(add);
  return flat;
}
