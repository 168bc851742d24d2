import type { MaxPoolLayer, PoolLayer } from '../../../network/index.js';
import * as kernels from '../../kernels/index.js';
import { free, type Tensor } from '../../runtime/index.js';
import type { Pass } from '../pass.js';
import type { PassOperation } from './operation.js';

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
  readsOutput: () => true,
  float32: true,
};

function maxPoolPass(layer: MaxPoolLayer, input: Tensor): Pass {
  const forward = kernels.maxPoolForward(input, layer);
  return {
    output: forward.output,
    pullback: (cotangent) => {
      const gradient = kernels.maxPoolGradient(input, forward, cotangent, layer);
      kernels.freeMaxPool(forward);
      return gradient;
    },
  };
}

/** [B,h,w,c] -> [B,c] */
function poolPass(input: Tensor): Pass {
  const output = kernels.globalAveragePool(input);
  return {
    output,
    pullback: (cotangent) => {
      free(output);
      return kernels.globalAveragePoolGradient(input.shape, cotangent);
    },
  };
}
