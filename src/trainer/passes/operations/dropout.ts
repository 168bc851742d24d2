import type { DropoutLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { randomKey } from '../../random.js';
import { free, type Tensor } from '../../runtime/index.js';
import type { LayerPass, PassOperation, TrainingRun } from './operation.js';

export const dropout: PassOperation<DropoutLayer> = {
  train,
  infer: (_, input) => input,
  readsOutput: () => false,
  float32: false,
};

/**
 * Dropout with a mask that is a pure function of (seed, layer name, step). A repeated step drops the same values,
 * in every process and every split of the network. @throws Error if the context has no draw
 */
function train({ name, rate }: DropoutLayer, input: Tensor, { context: { draw } }: TrainingRun): LayerPass {
  if (!draw) throw new Error(`${name} needs the seed and the step for its random draw`);
  const mask = kernels.dropoutMask(input.shape, rate, randomKey(draw.seed, 'dropout', name, draw.step));
  return {
    output: kernels.keepMasked(input, mask, rate),
    pullback: (cotangent) => {
      const gradient = kernels.keepMasked(cotangent, mask, rate);
      free(mask);
      return gradient;
    },
  };
}
