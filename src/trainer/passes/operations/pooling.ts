import type { MaxPoolLayer, PoolLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import type { Tensor } from '../../runtime/index.js';
import type { LayerPass, PassOperation } from './operation.js';

export const maxPool: PassOperation<MaxPoolLayer> = {
  train: maxPoolPass,
  infer: (layer, input) => kernels.maxPool(input, layer),
  readsOutput: () => true,
  float32: false,
};

/** Global average pooling. */
export const pool: PassOperation<PoolLayer> = {
  train: (_, input) => poolPass(input),
  infer: (_, input) => kernels.globalAveragePool(input),
  readsOutput: () => false,
  float32: true,
};

function maxPoolPass(layer: MaxPoolLayer, features: Tensor): LayerPass {
  const forward = kernels.maxPoolForward(features, layer);
  return {
    output: forward.output,
    pullback: (cotangent, { input, output }) => {
      const gradient = kernels.maxPoolGradient(input, { ...forward, output }, cotangent, layer);
      kernels.freeMaxPool(forward);
      return gradient;
    },
  };
}

/** [B,h,w,c] -> [B,c] */
function poolPass(features: Tensor): LayerPass {
  return {
    output: kernels.globalAveragePool(features),
    pullback: (cotangent, { input }) => kernels.globalAveragePoolGradient(input.shape, cotangent),
  };
}
