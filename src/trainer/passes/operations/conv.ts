import type { ConvLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { type DType, free, type Tensor } from '../../runtime/index.js';
import { addFactors } from '../factors.js';
import { parameter } from '../pass.js';
import type { LayerPass, PassOperation, TrainingRun } from './operation.js';

export const conv: PassOperation<ConvLayer> = {
  train,
  infer: (layer, input, { weights }) =>
    kernels.convolution(input, parameter(weights, `${layer.name}/kernel`), layer),
  readsOutput: () => false,
  float32: false,
};

function train(layer: ConvLayer, features: Tensor, { context, wantsInputGradient }: TrainingRun): LayerPass {
  const name = `${layer.name}/kernel`;
  const weights = parameter(context.weights, name);
  const kernel = inDtypeOf(weights, features);
  const output = kernels.convolution(features, kernel, layer);
  return {
    output,
    pullback: (cotangent, { input }) => {
      const gradient = kernels.convolutionKernelGradient(input, kernel.shape, cotangent, layer);
      context.gradients.set(name, inDtypeOf(gradient, weights));
      addFactors(context, name, kernel.shape, {
        left: () => kernels.convolutionInputFactor(input, layer.size, layer),
        right: () => kernels.outputFactor(cotangent),
      });
      const inputGradient = wantsInputGradient
        ? kernels.convolutionInputGradient(input.shape, kernel, cotangent, layer)
        : null;
      if (kernel !== weights) free(kernel, gradient);
      return inputGradient;
    },
  };
}

/** Returns `tensor` itself if it has that dtype already. */
function inDtypeOf(tensor: Tensor, { dtype }: Tensor): Tensor {
  return tensor.dtype === dtype ? tensor : kernels.cast(tensor, dtype as DType);
}
