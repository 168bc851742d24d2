import type { MaxPoolLayer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, type Tensor } from '../runtime/index.js';
import type { Pass } from './pass.js';

export function maxPoolPass(layer: MaxPoolLayer, input: Tensor): Pass {
  const forward = kernels.maxPoolForward(input, layer);
  return {
    output: forward.output,
    pullback: (cotangent) => {
      const gradient = kernels.maxPoolGradient(input, forward, cotangent, layer);
      free(forward.output, ...(forward.places ? [forward.places] : []));
      return gradient;
    },
  };
}

/** Global average pooling: [B,h,w,c] -> [B,c]. */
export function poolPass(input: Tensor): Pass {
  const output = kernels.globalAveragePool(input);
  return {
    output,
    pullback: (cotangent) => {
      free(output);
      return kernels.globalAveragePoolGradient(input.shape, cotangent);
    },
  };
}
