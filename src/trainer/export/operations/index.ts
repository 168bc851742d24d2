import type { Layer } from '../../../network/index.js';
import type { InferenceLayer } from '../inference-layers.js';
import { conv, lowerConv } from './conv.js';
import { dense, lowerDense } from './dense.js';
import { integral, lowerIntegral } from './integral.js';
import { lowerNorm, norm } from './norm.js';
import type { ExportOperation, Lower } from './operation.js';
import { lowerMaxPool, lowerPool, maxPool, pool } from './pooling.js';
import { lowerResidual, residual } from './residual.js';
import { scale } from './scale.js';

/** Every kind of trained layer, by its name in a description. */
const LOWER: { readonly [Op in Layer['op']]: Lower<Extract<Layer, { op: Op }>> } = {
  conv: lowerConv,
  norm: lowerNorm,
  residual: lowerResidual,
  integral: lowerIntegral,
  'max-pool': lowerMaxPool,
  dropout: () => [],
  pool: lowerPool,
  dense: lowerDense,
};

/** Every kind of layer that formats are written from. */
const OPERATIONS: { readonly [Op in InferenceLayer['op']]: ExportOperation<Op> } = {
  conv,
  norm,
  scale,
  residual,
  integral,
  'max-pool': maxPool,
  pool,
  dense,
};

/** The tables give each layer the operation of its own name, which TypeScript does not follow. */
export function lowerOf<L extends Layer>({ op }: L): Lower<L> {
  return LOWER[op] as Lower<never> as Lower<L>;
}

export function exportOperationOf<Op extends InferenceLayer['op']>({
  op,
}: {
  readonly op: Op;
}): ExportOperation<Op> {
  return OPERATIONS[op];
}

export type { ConfigReader } from './operation.js';
