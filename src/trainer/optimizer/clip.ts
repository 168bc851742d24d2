import * as kernels from '../kernels/index.js';
import { arena, free, readScalar, scalar, type Tensor } from '../runtime/index.js';

/**
 * tensors x min(1, limit / their length), Euclidean over all of them together (Pascanu et al., arXiv:1211.5063). Nothing is
 * read back.
 */
export function clipNorm(tensors: readonly Tensor[], limit: number): Tensor[] {
  return arena(() => {
    const most = scalar(limit);
    const squared = kernels.multiply(scalar(2), halfSquaredNorm(tensors));
    const norm = kernels.squareRoot(squared);
    const factor = kernels.divide(most, kernels.maximum(norm, most));
    return tensors.map((tensor) => kernels.multiply(tensor, factor));
  });
}

/** The Euclidean norm of all together; reads one number back. */
export function normOf(tensors: readonly Tensor[]): number {
  const half = halfSquaredNorm(tensors);
  const norm = Math.sqrt(2 * readScalar(half));
  free(half);
  return norm;
}

function halfSquaredNorm(tensors: readonly Tensor[]): Tensor {
  const parts = tensors.map(kernels.halfSquaredNorm);
  const sum = kernels.addAll(parts);
  free(...parts);
  return sum;
}
