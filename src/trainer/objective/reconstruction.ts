import * as kernels from '../kernels/index.js';
import { arena, scalar, type Tensor } from '../runtime/index.js';

export interface Reconstruction {
  /** d loss / d made, [B,H,W,C]. */
  readonly cotangent: Tensor;
  /** |made - images|^2 / 2 and |images|^2 / 2, as scalars. Their ratio is the loss. */
  readonly halfResidual: Tensor;
  readonly halfNorm: Tensor;
}

/**
 * The loss of the decoder, |made - images|^2 / |images|^2 over the batch, [B,H,W,C] each: 0 for perfect images and
 * 1 for images of zeros, the mean. The squared error replaces InfoPro's bound (Wang et al., arXiv:2101.10832,
 * equation 4). It is relative, so that its weight next to the cross-entropy does not depend on the images.
 */
export function reconstruction(made: Tensor, images: Tensor): Reconstruction {
  return arena(() => {
    const difference = kernels.subtract(made, images);
    const halfNorm = kernels.halfSquaredNorm(images);
    return {
      // 2 d / |x|^2 = d / (|x|^2 / 2)
      cotangent: kernels.multiply(difference, kernels.divide(scalar(1), halfNorm)),
      halfResidual: kernels.halfSquaredNorm(difference),
      halfNorm,
    };
  });
}
