import type { DenseLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { free, type Tensor } from '../../runtime/index.js';
import { addFactors } from '../factors.js';
import { type NamedTensors, type Pass, parameter } from '../pass.js';
import type { PassOperation, TrainingRun } from './operation.js';

export const dense: PassOperation<DenseLayer> = {
  train,
  infer: (layer, input, { weights }) => forward(layer, input, weights),
  readsOutput: () => true,
  float32: true,
};

function forward({ name }: DenseLayer, input: Tensor, weights: NamedTensors): Tensor {
  const product = kernels.matMul(input, parameter(weights, `${name}/kernel`));
  const output = kernels.biasAdd(product, parameter(weights, `${name}/bias`));
  free(product);
  return output;
}

function train(layer: DenseLayer, input: Tensor, { context }: TrainingRun): Pass {
  const kernel = parameter(context.weights, `${layer.name}/kernel`);
  const output = forward(layer, input, context.weights);
  return {
    output,
    pullback: (cotangent) => {
      context.gradients.set(`${layer.name}/kernel`, kernels.matMul(input, cotangent, true, false));
      context.gradients.set(`${layer.name}/bias`, kernels.biasGradient(cotangent));
      addFactors(context, `${layer.name}/kernel`, kernel.shape, {
        left: () => kernels.denseInputFactor(input),
        right: () => kernels.outputFactor(cotangent),
      });
      free(output);
      return kernels.matMul(cotangent, kernel, false, true);
    },
  };
}
