import type { DropoutLayer, Layer, MaxPoolLayer, PoolLayer, ResidualLayer } from '../layers.js';
import { conv } from './conv.js';
import { dense } from './dense.js';
import { integralOperation } from './integral.js';
import { norm } from './norm.js';
import { none, type Operation, valuesOf, zero } from './operation.js';

const residual: Operation<ResidualLayer> = {
  parameters: none,
  multiplyAdds: zero,
  activations: ({ output }) => valuesOf(output),
};

const maxPool: Operation<MaxPoolLayer> = {
  parameters: none,
  multiplyAdds: zero,
  activations: ({ output }) => valuesOf(output),
};

/** The mask of dropout is made again from its seed, and a mean needs no values of its forward pass. */
const keepsNothing: Operation<DropoutLayer | PoolLayer> = {
  parameters: none,
  multiplyAdds: zero,
  activations: zero,
};

/** Every kind of layer, by its name in a description. Passes and exports have tables of the same names. */
const OPERATIONS: { readonly [Op in Layer['op']]: Operation<Extract<Layer, { op: Op }>> } = {
  conv,
  norm,
  residual,
  integral: integralOperation((layer) => operationOf(layer)),
  'max-pool': maxPool,
  dropout: keepsNothing,
  pool: keepsNothing,
  dense,
};

/** The table gives each layer the operation of its own name, which TypeScript does not follow. */
export function operationOf<L extends Layer>({ op }: L): Operation<L> {
  return OPERATIONS[op] as Operation<never> as Operation<L>;
}

export type { Initializer, ParameterSpec } from './operation.js';
