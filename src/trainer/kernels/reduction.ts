import { DType, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { FLOAT, magnitude } from './elementwise.js';

/** The largest absolute value, as a scalar. */
export function largestMagnitude(a: Tensor): Tensor {
  const magnitudes = magnitude(a);
  const result = reduce('Max', magnitudes, [...a.shape.keys()], false);
  free(magnitudes);
  return result;
}

/** The sum of all values, as a scalar. */
export const sumOfAll = (a: Tensor): Tensor => reduce('Sum', a, [...a.shape.keys()], false);

/** [n,m] -> [n,1] */
export const rowMaximum = (a: Tensor): Tensor => reduce('Max', a, [1], true);

/** [n,m] -> [n,1] */
export const rowSum = (a: Tensor): Tensor => reduce('Sum', a, [1], true);

function reduce(op: 'Max' | 'Sum', a: Tensor, over: readonly number[], keepsDimensions: boolean): Tensor {
  const axes = upload(Int32Array.from(over), [over.length]);
  const result = executeOne(
    op,
    [a, axes],
    [
      FLOAT,
      { name: 'Tidx', kind: 'type', value: DType.int32 },
      { name: 'keep_dims', kind: 'bool', value: keepsDimensions },
    ],
  );
  free(axes);
  return result;
}
