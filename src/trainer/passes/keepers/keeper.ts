import type { Tensor } from '../../runtime/index.js';

/** Features between the forward pass and the backward pass that reads them. */
export interface Kept {
  /** The features again, in their shape and dtype; the caller owns them. Called once: it frees what was kept. */
  restore(): Tensor;
}

/** A way to keep features. */
export interface Keeper {
  /**
   * Takes over the features. Zeros and positive values of rectified ones stay so, or the gradient of a ReLU would change.
   * @param features [B,h,w,c]
   */
  keep(features: Tensor, facts: { readonly rectified: boolean }): Kept;
}
