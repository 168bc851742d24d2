import type { ResolvedMethod } from '../../contract/spec.js';
import * as kernels from '../kernels/index.js';
import type { Tensor } from '../runtime/index.js';

/** The filters of the contract. Their shares: src/method/messages.ts. */
export type Filter = ResolvedMethod['corrections']['filter'];

/**
 * Reduces a correction before it is sent. Reducing and spreading a gradient is the orthogonal projection onto the
 * part that the filter keeps.
 */
export interface CorrectionFilter {
  /** Shape of a sent gradient [B,h,w,c]. */
  reducedShape(shape: readonly number[]): readonly number[];
  /** [B,h,w,c] -> its reduced shape. Returns `gradient` itself if nothing is left out. */
  reduce(gradient: Tensor): Tensor;
  /** Back to `shape`. Returns `reduced` itself if nothing was left out. */
  spread(reduced: Tensor, shape: readonly number[]): Tensor;
}

const none: CorrectionFilter = {
  reducedShape: (shape) => shape,
  reduce: (gradient) => gradient,
  spread: (reduced) => reduced,
};

/**
 * Means over windows of `size` x `size` positions, spread over the positions of each window: 1/size of the
 * positions per side. At odd sides, the last windows are smaller, and their means cover only existing positions.
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

/** The filter of every `corrections.filter` of the contract. */
export const FILTERS: Readonly<Record<Filter, CorrectionFilter>> = { none, 'average-2': average(2) };
