import { cutsOf, type Order } from './cuts.js';

/** Figures of the order in which the probability of one class puts the images. */
export interface Ranking {
  /** Area under the ROC curve. */
  readonly auroc: number | null;
  /** Average precision: precision at each threshold, weighted by the rise of recall. Null without images of the class. */
  readonly average_precision: number | null;
}

export function rankingOf(order: Order): Ranking {
  const { positives, images } = order;
  const negatives = images.length - positives;
  let before = { hits: 0, seen: 0 };
  let precision = 0;
  // Pairs of a positive and a negative image of which the positive one is ranked higher; ties count half.
  let pairs = 0;
  for (const cut of cutsOf(order)) {
    const rise = cut.hits - before.hits;
    const falseRise = cut.seen - before.seen - rise;
    pairs += falseRise * (before.hits + rise / 2);
    precision += (rise * cut.hits) / cut.seen;
    before = cut;
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
