import { type Attribute, DType, executeOne, type Tensor } from '../runtime/index.js';

/** Elementwise and shape kernels. Both inputs of a pair have the same dtype. The caller owns every output. */

export const FLOAT: Attribute = { name: 'T', kind: 'type', value: DType.float32 };

/** An op computes in the dtype of its input: float32, or bfloat16 if the pass of the network uses it. */
export const typeOf = (tensor: Tensor): Attribute => ({
  name: 'T',
  kind: 'type',
  value: tensor.dtype as DType,
});

export const add = (a: Tensor, b: Tensor): Tensor => executeOne('AddV2', [a, b], [typeOf(a)]);
export const subtract = (a: Tensor, b: Tensor): Tensor => executeOne('Sub', [a, b], [typeOf(a)]);
export const multiply = (a: Tensor, b: Tensor): Tensor => executeOne('Mul', [a, b], [typeOf(a)]);
export const divide = (a: Tensor, b: Tensor): Tensor => executeOne('RealDiv', [a, b], [typeOf(a)]);
export const maximum = (a: Tensor, b: Tensor): Tensor => executeOne('Maximum', [a, b], [typeOf(a)]);
export const minimum = (a: Tensor, b: Tensor): Tensor => executeOne('Minimum', [a, b], [typeOf(a)]);
export const squareRoot = (a: Tensor): Tensor => executeOne('Sqrt', [a], [FLOAT]);
export const relu = (a: Tensor): Tensor => executeOne('Relu', [a], [typeOf(a)]);

/** d relu: `cotangent` where `output` > 0, else 0. */
export const reluGradient = (cotangent: Tensor, output: Tensor): Tensor =>
  executeOne('ReluGrad', [cotangent, output], [typeOf(output)]);

/** The sum of tensors of one shape, in order. */
export const addAll = (tensors: readonly Tensor[]): Tensor =>
  executeOne('AddN', tensors, [FLOAT, { name: 'N', kind: 'int', value: tensors.length }]);

/** sum(a^2) / 2 as a scalar. */
export const halfSquaredNorm = (a: Tensor): Tensor => executeOne('L2Loss', [a], [FLOAT]);
export const magnitude = (a: Tensor): Tensor => executeOne('Abs', [a], [FLOAT]);

/** The next whole number that is not below. */
export const roundUp = (a: Tensor): Tensor => executeOne('Ceil', [a], [FLOAT]);

/** The nearest whole number, as a float. Halves are rounded to even. */
export const roundToNearest = (a: Tensor): Tensor => executeOne('Rint', [a], [FLOAT]);
