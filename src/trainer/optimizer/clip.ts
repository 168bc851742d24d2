import * as kernels from '../kernels/index.js';
import { arena, readScalar, scalar, type Tensor } from '../runtime/index.js';

/** tensor x min(1, limit / |tensor|), |.| Euclidean (Pascanu et al., arXiv:1211.5063). Nothing is read back. */
export function clipNorm(tensor: Tensor, limit: number): Tensor {
  return arena(() => {
    const most = scalar(limit);
    const squared = kernels.multiply(scalar(2), kernels.halfSquaredNorm(tensor));
    const norm = kernels.squareRoot(squared);
    return kernels.multiply(tensor, kernels.divide(most, kernels.maximum(norm, most)));
  });
}

/** The Euclidean norm; reads one number back. */
export function normOf(tensor: Tensor): number {
  return Math.sqrt(2 * arena(() => readScalar(kernels.halfSquaredNorm(tensor))));
}
