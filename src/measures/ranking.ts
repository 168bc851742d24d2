import type { Answers } from './answers.js';

/** Figures of the order in which the probability of one class puts the images. */
export interface Ranking {
  /** Area under the ROC curve. */
  readonly auroc: number | null;
  /** Average precision: precision at each threshold, weighted by the rise of recall. Null without images of the class. */
  readonly average_precision: number | null;
}

/** Ranks the images by the probability of one class. Equal probabilities share a threshold. */
export function rankingOf({ classes, labels, probabilities }: Answers, label: number): Ranking {
  const scores = Float64Array.from(labels, (_, image) => probabilities[image * classes + label] ?? 0);
  const order = Uint32Array.from(labels.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const positives = labels.reduce((sum, own) => sum + (own === label ? 1 : 0), 0);
  const negatives = labels.length - positives;
  let hits = 0;
  let seen = 0;
  let precision = 0;
  // Pairs of a positive and a negative image of which the positive one is ranked higher; ties count half.
  let pairs = 0;
  while (seen < order.length) {
    const score = scores[order[seen] ?? 0] ?? 0;
    const hitsBefore = hits;
    const seenBefore = seen;
    while (seen < order.length && (scores[order[seen] ?? 0] ?? 0) === score) {
      if (labels[order[seen] ?? 0] === label) hits += 1;
      seen += 1;
    }
    const rise = hits - hitsBefore;
    const falseRise = seen - seenBefore - rise;
    pairs += falseRise * (hitsBefore + rise / 2);
    precision += (rise * hits) / seen;
  }
  return {
    auroc: positives > 0 && negatives > 0 ? pairs / (positives * negatives) : null,
    average_precision: positives > 0 ? precision / positives : null,
  };
}

/** The mean of the numbers that there are; null for none. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
