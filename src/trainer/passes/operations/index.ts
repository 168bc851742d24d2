import type { Layer } from '../../../network/index.js';
import { conv } from './conv.js';
import { dense } from './dense.js';
import { dropout } from './dropout.js';
import { integral } from './integral.js';
import { norm } from './norm.js';
import type { PassOperation } from './operation.js';
import { maxPool, pool } from './pooling.js';
import { residualOperation } from './residual.js';

/** Every kind of layer, by its name in a description. */
const OPERATIONS: { readonly [Op in Layer['op']]: PassOperation<Extract<Layer, { op: Op }>> } = {
  conv,
  norm,
  residual: residualOperation((layer) => passOperationOf(layer).readsOutput(layer)),
  integral,
  'max-pool': maxPool,
  dropout,
  pool,
  dense,
};

/** The table gives each layer the operation of its own name, which TypeScript does not follow. */
export function passOperationOf<L extends Layer>({ op }: L): PassOperation<L> {
  return OPERATIONS[op] as PassOperation<never> as PassOperation<L>;
}

export type { InnerPass, LayerPass } from './operation.js';
