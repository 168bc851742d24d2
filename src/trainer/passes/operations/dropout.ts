import type { DropoutLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { randomKey } from '../../random.js';
import { free, type Tensor } from '../../runtime/index.js';
import type { Pass } from '../pass.js';
import type { PassOperation, TrainingRun } from './operation.js';

export const dropout: PassOperation<DropoutLayer> = {
  train,
  infer: (_, input) => input,
  readsOutput: () => true,
  float32: false,
};

/**
 * Dropout with a mask that is a pure function of (seed, layer name, step): a step computed again, by whichever
 * process and in whichever split of the network, drops the same values.
 * @throws Error where the context has no draw
 */
function train({ name, rate }: DropoutLayer, input: Tensor, { context: { draw } }: TrainingRun): Pass {
  if (!draw) throw new Error(`${name} needs a draw: the seed and the step`);
  const mask = kernels.dropoutMask(input.shape, rate, randomKey(draw.seed, 'dropout', name, draw.step));
  const output = kernels.keepMasked(input, mask, rate);
  return {
    output,
    pullback: (cotangent) => {
      const gradient = kernels.keepMasked(cotangent, mask, rate);
      free(output, mask);
      return gradient;
    },
  };
}
