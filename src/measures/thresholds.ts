import { type Cut, cutsOf, type Order } from './cuts.js';

/** The figures of a class if an image counts as one of it where its probability is at least `threshold`. */
export interface OperatingPoint {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Thresholds for three aims. All are null for a class without images. */
export interface Thresholds {
  /** The highest F1; of equal ones, the lowest threshold. */
  readonly best_f1: OperatingPoint | null;
  /** The highest recall with a precision of at least 0.95. Null where no threshold has that precision. */
  readonly precision_95: OperatingPoint | null;
  /** The highest precision with a recall of at least 0.95. */
  readonly recall_95: OperatingPoint | null;
}

const HIGH = 0.95;

/** Tries the probability of each image as the threshold, as scikit-learn's `precision_recall_curve` does. */
export function thresholdsOf(order: Order): Thresholds {
  if (order.positives === 0) return { best_f1: null, precision_95: null, recall_95: null };
  let bestF1: OperatingPoint | null = null;
  let precise: OperatingPoint | null = null;
  let complete: OperatingPoint | null = null;
  // Thresholds fall, so recall never falls.
  for (const cut of cutsOf(order)) {
    const point = pointOf(cut, order.positives);
    if (bestF1 === null || point.f1 >= bestF1.f1) bestF1 = point;
    if (point.precision >= HIGH && point.recall > (precise?.recall ?? 0)) precise = point;
    if (point.recall >= HIGH && point.precision >= (complete?.precision ?? 0)) complete = point;
  }
  return { best_f1: bestF1, precision_95: precise, recall_95: complete };
}

function pointOf({ threshold, hits, seen }: Cut, positives: number): OperatingPoint {
  return {
    threshold,
    precision: hits / seen,
    recall: hits / positives,
    f1: (2 * hits) / (seen + positives),
  };
}
