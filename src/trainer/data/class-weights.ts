import type { JobSpec } from '../../contract/spec.js';

export type ClassWeights = JobSpec['class_weights'];

/**
 * The weight of each class in the loss, in float64 and rounded once; null where all are 1.
 * @param labels of the images that the job trains on
 */
export function weightsOfClasses(
  weights: ClassWeights,
  labels: Uint16Array,
  classes: number,
): Float32Array | null {
  if (weights === 'none') return null;
  if (weights !== 'balanced') return Float32Array.from(weights);
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  // n / (C n_c), King and Zeng 2001. A class without images has no influence, so its weight is of no account.
  const present = counts.filter((count) => count > 0).length;
  return Float32Array.from(counts, (count) => (count === 0 ? 1 : labels.length / (present * count)));
}
