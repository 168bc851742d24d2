import { effectiveRule, type PaddingRule } from './padding.js';
import { type Integration, slopesOf } from './solvers.js';

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
  /** Name of one of several uses of its weights (`unrolled`). Absent: it is used once. */
  readonly use?: string;
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
  /** Name of one of several uses of its scale and shift, each with statistics of its own. Absent: it is used once. */
  readonly use?: string;
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

/**
 * x(T) of dx/dt = field(x), from x(0), its input, by equal steps of a solver; T is 1, or a parameter. All evaluations of the
 * field have the same weights, and each has its own batch statistics.
 */
export interface IntegralLayer extends Integration {
  readonly op: 'integral';
  readonly name: string;
  readonly field: readonly (ConvLayer | NormLayer)[];
  readonly output: Shape;
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
  | IntegralLayer
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

/** The field as evaluation `slope` of step `step` uses it. */
export function evaluationOf(
  { name, field }: Pick<IntegralLayer, 'name' | 'field'>,
  step: number,
  slope: number,
): (ConvLayer | NormLayer)[] {
  const useOf = (layer: string) => `${name}/step${step}/slope${slope}${layer.slice(name.length)}`;
  return field.map((layer) => ({ ...layer, use: useOf(layer.name) }));
}

/** All layers as `flatten`, each use of a field in place of the field. */
export function unrolled(layers: readonly Layer[]): Layer[] {
  return flatten(layers.map(withUses));
}

/** An integral whose field is the sequence of all its evaluations; other layers as they are. */
function withUses(layer: Layer): Layer {
  if (layer.op === 'residual')
    return { ...layer, branch: layer.branch.map(withUses), shortcut: layer.shortcut.map(withUses) };
  if (layer.op !== 'integral') return layer;
  const slopes = [...Array(slopesOf(layer)).keys()];
  const uses = [...Array(layer.steps).keys()].flatMap((step) =>
    slopes.flatMap((slope) => evaluationOf(layer, step, slope)),
  );
  return { ...layer, field: uses };
}

/** Name of a convolution or a batch norm where it is used. */
export const useOf = ({ name, use = name }: Pick<NormLayer, 'name' | 'use'>): string => use;

/** All layers in order of execution. The layers inside another layer come before it, those of a field once. */
export function flatten(layers: readonly Layer[]): Layer[] {
  const flat: Layer[] = [];
  // One shared list, because the layers of every submitted job are counted.
  const add = (layer: Layer): void => {
    if (layer.op === 'residual') {
      layer.branch.forEach(add);
      layer.shortcut.forEach(add);
    }
    if (layer.op === 'integral') layer.field.forEach(add);
    flat.push(layer);
  };
  layers.forEach(add);
  return flat;
}
