import * as kernels from '../../kernels/index.js';
import { DType, free } from '../../runtime/index.js';
import { exactKeeper } from './exact.js';
import type { Keeper } from './keeper.js';

/** Two bytes a value: |x - restored| <= 2^-8 |x|, for normal numbers. It has float32's exponents, so signs and zeros stay. */
export const bfloat16Keeper: Keeper = {
  keep: (features, facts) => {
    if (features.dtype !== DType.float32) return exactKeeper.keep(features, facts);
    const rounded = kernels.cast(features, DType.bfloat16);
    free(features);
    return {
      restore: () => {
        const restored = kernels.cast(rounded, DType.float32);
        free(rounded);
        return restored;
      },
    };
  },
};
