import type { Batch } from '../data/index.js';
import * as kernels from '../kernels/index.js';
import { arena, type Tensor, upload } from '../runtime/index.js';
import { classificationLoss } from './classification.js';

type Labelled = Pick<Batch, 'labels' | 'labelValues' | 'classWeights' | 'mix'>;
type ClassificationLoss = ReturnType<typeof classificationLoss>;

/**
 * Cross-entropy of a batch as its labels ask for it: the mean over the images of W_i CE(t_i). An image of class a with the
 * share s, mixed with one of class b, has W = s w_a + (1 - s) w_b and t = (s w_a e_a + (1 - s) w_b e_b) / W; t is then
 * smoothed. So the loss is s w_a CE(a) + (1 - s) w_b CE(b) without smoothing.
 */
export function batchLoss(logits: Tensor, batch: Labelled, labelSmoothing: number): ClassificationLoss {
  if (!batch.classWeights && !batch.mix) return classificationLoss(logits, batch.labels, labelSmoothing);
  const { targets, weights } = labelTargets(batch, logits.shape[1]!, labelSmoothing);
  return arena(() => {
    const count = batch.labelValues.length;
    const dense = kernels.softmaxCrossEntropyWith(logits, upload(Float32Array.from(targets), logits.shape));
    // d mean loss / d logits = W_i (softmax - t_i) / B
    const shares = Float32Array.from(weights, (weight) => weight / count);
    return {
      losses: kernels.multiply(dense.losses, upload(Float32Array.from(weights), [count])),
      cotangent: kernels.multiply(dense.gradient, upload(shares, [count, 1])),
    };
  });
}

/** t [B*classes] and W [B], in float64. */
export function labelTargets(
  { labelValues, classWeights, mix }: Omit<Labelled, 'labels'>,
  classes: number,
  smoothing: number,
): { targets: Float64Array; weights: Float64Array } {
  const targets = new Float64Array(labelValues.length * classes).fill(smoothing / classes);
  const weights = new Float64Array(labelValues.length);
  const share = mix?.share ?? 1;
  const weightOf = (label: number) => classWeights?.[label] ?? 1;
  labelValues.forEach((label, image) => {
    const partner = mix ? (mix.labels ?? labelValues)[mix.partners[image]!]! : label;
    const own = share * weightOf(label);
    const other = (1 - share) * weightOf(partner);
    const weight = own + other;
    weights[image] = weight;
    targets[image * classes + label]! += ((1 - smoothing) * own) / weight;
    targets[image * classes + partner]! += ((1 - smoothing) * other) / weight;
  });
  return { targets, weights };
}
