import type { NormLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { free, type Tensor } from '../../runtime/index.js';
import { parameter } from '../pass.js';
import type { LayerPass, PassOperation, TrainingRun } from './operation.js';

export const norm: PassOperation<NormLayer> = {
  train,
  infer: (layer, input, run) => run.norm(layer, input),
  readsOutput: ({ relu }) => relu,
  float32: false,
};

function train(layer: NormLayer, features: Tensor, { context }: TrainingRun): LayerPass {
  const gamma = parameter(context.weights, `${layer.name}/gamma`);
  const beta = parameter(context.weights, `${layer.name}/beta`);
  const forward = kernels.batchNormRelu(features, gamma, beta, layer.relu);
  free(forward.batchMean, forward.batchVariance);
  return {
    output: forward.output,
    pullback: (cotangent, { input, output }) => {
      const inner = layer.relu ? kernels.reluGradient(cotangent, output) : cotangent;
      const gradient = kernels.batchNormGradient(inner, input, gamma, forward.reserved);
      context.gradients.set(`${layer.name}/gamma`, gradient.gamma);
      context.gradients.set(`${layer.name}/beta`, gradient.beta);
      if (layer.relu) free(inner);
      free(...forward.reserved);
      return gradient.features;
    },
  };
}
