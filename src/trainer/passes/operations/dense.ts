import type { DenseLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { free, type Tensor } from '../../runtime/index.js';
import { addFactors } from '../factors.js';
import { type NamedTensors, parameter } from '../pass.js';
import type { LayerPass, PassOperation, TrainingRun } from './operation.js';

export const dense: PassOperation<DenseLayer> = {
  train,
  infer: (layer, input, { weights }) => forward(layer, input, weights),
  readsOutput: () => false,
  float32: true,
};

function forward({ name }: DenseLayer, input: Tensor, weights: NamedTensors): Tensor {
  const product = kernels.matMul(input, parameter(weights, `${name}/kernel`));
  const output = kernels.biasAdd(product, parameter(weights, `${name}/bias`));
  free(product);
  return output;
}

function train(layer: DenseLayer, features: Tensor, { context }: TrainingRun): LayerPass {
  const kernel = parameter(context.weights, `${layer.name}/kernel`);
  return {
    output: forward(layer, features, context.weights),
    pullback: (cotangent, { input }) => {
      context.gradients.set(`${layer.name}/kernel`, kernels.matMul(input, cotangent, true, false));
      context.gradients.set(`${layer.name}/bias`, kernels.biasGradient(cotangent));
      addFactors(context, `${layer.name}/kernel`, kernel.shape, {
        left: () => kernels.denseInputFactor(input),
        right: () => kernels.outputFactor(cotangent),
      });
      return kernels.matMul(cotangent, kernel, false, true);
    },
  };
}
