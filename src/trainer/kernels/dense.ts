import { type Attribute, DType, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { FLOAT } from './elementwise.js';

/** a [n,m] times b [m,p]. Each side can be transposed first. */
export function matMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  const attributes: Attribute[] = [
    FLOAT,
    { name: 'transpose_a', kind: 'bool', value: transposeA },
    { name: 'transpose_b', kind: 'bool', value: transposeB },
  ];
  return executeOne('MatMul', [a, b], attributes);
}

/** features [B,n] + bias [n]. */
export const biasAdd = (features: Tensor, bias: Tensor): Tensor =>
  executeOne('BiasAdd', [features, bias], [FLOAT]);

/** d bias of `biasAdd`: the sum over the batch, [B,n] -> [n]. */
export const biasGradient = (cotangent: Tensor): Tensor => executeOne('BiasAddGrad', [cotangent], [FLOAT]);

/** The same values with another shape. TensorFlow shares the memory. */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  const dimensions = upload(Int32Array.from(shape), [shape.length]);
  const result = executeOne(
    'Reshape',
    [tensor, dimensions],
    [
      { name: 'T', kind: 'type', value: tensor.dtype as DType },
      { name: 'Tshape', kind: 'type', value: DType.int32 },
    ],
  );
  free(dimensions);
  return result;
}
