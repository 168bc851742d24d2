import * as kernels from '../kernels/index.js';
import { arena, free, readScalar, scalar, type Tensor } from '../runtime/index.js';

/**
 * tensors x min(1, limit / norm), with the Euclidean norm of all tensors together (Pascanu et al.,
 * arXiv:1211.5063). Nothing is read back from the device.
 */
export function clipNorm(tensors: readonly Tensor[], limit: number): Tensor[] {
  return arena(() => {
    const max = scalar(limit);
    const squared = kernels.multiply(scalar(2), halfSquaredNorm(tensors));
    const norm = kernels.squareRoot(squared);
    const factor = kernels.divide(max, kernels.maximum(norm, max));
    return tensors.map((tensor) => kernels.multiply(tensor, factor));
  });
}

/** The Euclidean norm of all tensors together. Reads one number back from the device. */
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
