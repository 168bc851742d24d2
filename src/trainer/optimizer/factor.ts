import { type ParameterSpec, sizeOf } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, scalar, type Tensor, upload } from '../runtime/index.js';

/** A factor that all weights share, or one for each, [n]. */
export type Factor = number | Tensor;

/** tensor x factor. */
export function scale(tensor: Tensor, factor: Factor): Tensor {
  if (typeof factor !== 'number') return kernels.multiply(tensor, factor);
  const value = scalar(factor);
  const result = kernels.multiply(tensor, value);
  free(value);
  return result;
}

/** a x factorOfA + b x factorOfB. */
export function combine(a: Tensor, factorOfA: Factor, b: Tensor, factorOfB: Factor): Tensor {
  const left = scale(a, factorOfA);
  const right = scale(b, factorOfB);
  const sum = kernels.add(left, right);
  free(left, right);
  return sum;
}

/** The factor of each parameter: a plain number where they are all the same, which costs no memory. */
export function factorOf(
  parameters: readonly ParameterSpec[],
  numberOf: (parameter: ParameterSpec) => number,
): Factor {
  const values = parameters.map(numberOf);
  if (values.every((value) => value === values[0])) return values[0] ?? 0;
  const sizes = parameters.map(sizeOf);
  const vector = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
  let offset = 0;
  sizes.forEach((size, index) => {
    vector.fill(values[index]!, offset, offset + size);
    offset += size;
  });
  return upload(vector, [vector.length]);
}

export function freeFactor(factor: Factor): void {
  if (typeof factor !== 'number') free(factor);
}
