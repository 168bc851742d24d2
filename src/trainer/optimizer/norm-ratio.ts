import * as kernels from '../kernels/index.js';
import { arena, type Tensor } from '../runtime/index.js';
import type { LayerUpdate } from './update-rule.js';

/** Below this norm weights count as zero. Its inverse times any norm of a network is within float32. */
const TINY = 1e-30;

/** Numbers as tensors. They outlive an arena, so they are made before it. */
export interface RatioScalars {
  readonly zero: Tensor;
  readonly one: Tensor;
  readonly two: Tensor;
  readonly tiny: Tensor;
  readonly huge: Tensor;
}

export function ratioScalars(scalarOf: LayerUpdate['scalarOf']): RatioScalars {
  return {
    ...{ zero: scalarOf(0), one: scalarOf(1), two: scalarOf(2) },
    ...{ tiny: scalarOf(TINY), huge: scalarOf(1 / TINY) },
  };
}

/** The Euclidean norm. */
export function normOnDevice(tensor: Tensor, { two }: RatioScalars): Tensor {
  return arena(() => kernels.squareRoot(kernels.multiply(two, kernels.halfSquaredNorm(tensor))));
}

/**
 * `above` / `below`, both norms; 1 if `above` is zero, because weights that begin at zero would stay there. Nothing is
 * read back from the device.
 */
export function ratioOfNorms(above: Tensor, below: Tensor, { zero, one, tiny, huge }: RatioScalars): Tensor {
  return arena(() => {
    const isZero = kernels.maximum(zero, kernels.subtract(one, kernels.multiply(above, huge)));
    return kernels.add(kernels.divide(above, kernels.maximum(below, tiny)), isZero);
  });
}

/**
 * Scales and shifts of batch norms, and biases, have no ratio: theirs is 1. Their norms say nothing of the rate that
 * suits them.
 */
export function hasRatio({ shape }: Tensor): boolean {
  return shape.length >= 2;
}
