import { sizeOf } from './cost.js';
import { type ConvLayer, type DenseLayer, flatten, type Layer } from './layers.js';
import { parametersOf } from './parameters.js';

/** Kernels with a longer side have no Kronecker factors: an inverse takes a time of its third power. */
const MAX_SIDE = 1200;

/** Images of a batch that factors are estimated from: the patches of an image are up to nine times its features. */
export const FACTOR_IMAGES = 32;

/** Sides of both Kronecker factors of a kernel: its inputs times its window, and its outputs. */
export interface FactorSides {
  readonly left: number;
  readonly right: number;
}

/** Null for scales, shifts and biases, and for kernels that are too large. */
export function factorSides({ shape }: { readonly shape: readonly number[] }): FactorSides | null {
  const right = shape.at(-1) ?? 0;
  if (shape.length < 2) return null;
  const left = sizeOf({ shape }) / right;
  return Math.max(left, right) > MAX_SIDE ? null : { left, right };
}

/** Values of both factors of every trained kernel of some layers. */
export function factorValues(layers: readonly Layer[]): number {
  return parametersOf(layers)
    .filter(({ fixed }) => fixed === undefined)
    .map(factorSides)
    .reduce((sum, sides) => sum + (sides ? sides.left ** 2 + sides.right ** 2 : 0), 0);
}

/** Values of the patches of one image in the layer that has most. */
export function factorPatches(layers: readonly Layer[]): number {
  const patches = flatten(layers).map((layer) => {
    if (layer.op !== 'conv' || layer.frozen) return 0;
    const { size, input, output } = layer;
    const sides = factorSides({ shape: [size, size, input.channels, output.channels] });
    return sides ? sides.left * output.height * output.width : 0;
  });
  return Math.max(0, ...patches);
}

/** Multiply-adds for the Kronecker factors of some layers. */
export interface FactorWork {
  /** Work of one estimate, for each of its images. */
  readonly estimate: number;
  /** Work of the inverses of both factors. */
  readonly inverse: number;
  /** Work of the products of a gradient with both inverses. */
  readonly apply: number;
}

/** An inverse by Cholesky's factors and two triangular solutions, in multiply-adds for a side of 1. */
const INVERSE = 4 / 3;

export function factorWork(layers: readonly Layer[]): FactorWork {
  const sum = { estimate: 0, inverse: 0, apply: 0 };
  for (const layer of flatten(layers)) {
    if (!isEstimated(layer)) continue;
    const sides = factorSides(kernelOf(layer));
    if (sides === null) continue;
    const { left, right } = sides;
    const places = layer.op === 'conv' ? layer.output.height * layer.output.width : 1;
    sum.estimate += places * (left ** 2 + right ** 2);
    sum.inverse += INVERSE * (left ** 3 + right ** 3);
    sum.apply += left * right * (left + right);
  }
  return sum;
}

const isEstimated = (layer: Layer): layer is ConvLayer | DenseLayer =>
  (layer.op === 'conv' && layer.frozen !== true) || layer.op === 'dense';

function kernelOf(layer: ConvLayer | DenseLayer): { readonly shape: readonly number[] } {
  if (layer.op === 'dense') return { shape: [layer.inputs, layer.outputs] };
  return { shape: [layer.size, layer.size, layer.input.channels, layer.output.channels] };
}
