import * as kernels from '../kernels/index.js';
import type { Tensor } from '../runtime/index.js';

export type Filter = 'none' | 'average-2';

/**
 * What is left out of a correction before it travels. Reducing and spreading a gradient again is the orthogonal
 * projection onto what the filter lets through.
 */
export interface CorrectionFilter {
  /** Of a gradient [B,h,w,c] as it travels. */
  reducedShape(shape: readonly number[]): readonly number[];
  /** [B,h,w,c] -> its reduced shape; `gradient` itself where nothing is left out. */
  reduce(gradient: Tensor): Tensor;
  /** Back to `shape`; `reduced` itself where nothing was left out. */
  spread(reduced: Tensor, shape: readonly number[]): Tensor;
}

const none: CorrectionFilter = {
  reducedShape: (shape) => shape,
  reduce: (gradient) => gradient,
  spread: (reduced) => reduced,
};

/**
 * Means over windows of `size` x `size` positions, given back to each of them: a size-th of the positions a side. Odd
 * sides end in smaller windows, whose means are of the positions they have.
 */
const average = (size: number): CorrectionFilter => ({
  reducedShape: ([batch, height, width, channels]) => [
    batch!,
    Math.ceil(height! / size),
    Math.ceil(width! / size),
    channels!,
  ],
  reduce: (gradient) => kernels.averagePool(gradient, size),
  spread: (reduced, shape) => kernels.repeatPositions(reduced, size, shape),
});

export const FILTERS: Readonly<Record<Filter, CorrectionFilter>> = { none, 'average-2': average(2) };
