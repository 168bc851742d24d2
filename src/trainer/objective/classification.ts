import * as kernels from '../kernels/index.js';
import { free, read, scalar, type Tensor } from '../runtime/index.js';

/**
 * The loss of the last stage: cross-entropy with the labels, smoothed by `labelSmoothing`, and the cotangent d mean
 * loss / d logits [B,classes].
 */
export function classificationLoss(
  logits: Tensor,
  labels: Tensor,
  labelSmoothing = 0,
): { cotangent: Tensor; losses: Tensor } {
  const { losses, gradient } =
    labelSmoothing > 0
      ? kernels.smoothedCrossEntropy(logits, labels, labelSmoothing)
      : kernels.softmaxCrossEntropy(logits, labels);
  const perImage = scalar(1 / logits.shape[0]!);
  const cotangent = kernels.multiply(gradient, perImage);
  free(gradient, perImage);
  return { cotangent, losses };
}

export interface Score {
  /** Sum of the cross-entropy over the images. */
  readonly lossSum: number;
  /** The class of the largest logit of each image; of equal ones, the first. */
  readonly predicted: readonly number[];
  /** The logits, read from the device. [B*classes] */
  readonly values: Float32Array;
}

/** Compares logits [B,classes] with labels [B]. */
export function score(logits: Tensor, labels: Tensor, labelValues: Int32Array): Score {
  const { losses, gradient } = kernels.softmaxCrossEntropy(logits, labels);
  const lossSum = read(losses).reduce((sum, loss) => sum + loss, 0);
  free(losses, gradient);
  const values = read(logits);
  return { lossSum, predicted: predictedIn(values, labelValues.length), values };
}

function predictedIn(logits: Float32Array, images: number): number[] {
  const classes = logits.length / images;
  return Array.from({ length: images }, (_, image) => {
    const row = logits.subarray(image * classes, (image + 1) * classes);
    return row.reduce((winner, value, index) => (value > row[winner]! ? index : winner), 0);
  });
}
