import type { MaxPoolLayer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, type Tensor } from '../runtime/index.js';
import type { Pass } from './pass.js';

export function maxPoolPass({ size, stride }: MaxPoolLayer, input: Tensor): Pass {
  const output = kernels.maxPool(input, size, stride);
  return {
    output,
    pullback: (cotangent) => {
      const gradient = kernels.maxPoolGradient(input, output, cotangent, size, stride);
      free(output);
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
