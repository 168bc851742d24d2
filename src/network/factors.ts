import { sizeOf } from './cost.js';
import { flatten, type Layer } from './layers.js';
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
