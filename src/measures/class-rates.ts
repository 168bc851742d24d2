import { type Interval, wilson } from './intervals.js';

/** Images of one class that are taken for one class: right ones if both are the same. */
export interface ConfusionCell {
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
}

export interface ClassRates {
  /** Images of the class. */
  readonly images: number;
  /** Images that are taken for it. */
  readonly predicted: number;
  readonly correct: number;
  /** Null where no image is taken for it. */
  readonly precision: number | null;
  /** Null where it has no images. */
  readonly recall: number | null;
  /** Null where it has no images and no image is taken for it. */
  readonly f1: number | null;
  readonly recall_interval: Interval | null;
}

/** @param labels [n]. @param predicted [n]. @returns only cells that count something, the most frequent first */
export function confusionOf(labels: Uint16Array, predicted: Uint16Array): ConfusionCell[] {
  const counts = new Map<string, { label: number; predicted: number; count: number }>();
  labels.forEach((label, image) => {
    const taken = predicted[image] ?? 0;
    const cell = counts.get(`${label} ${taken}`);
    if (cell) cell.count += 1;
    else counts.set(`${label} ${taken}`, { label, predicted: taken, count: 1 });
  });
  return [...counts.values()].sort(
    (a, b) => b.count - a.count || a.label - b.label || a.predicted - b.predicted,
  );
}

/** The rates of each class. @param classes number of classes */
export function classRates(classes: number, confusion: readonly ConfusionCell[]): ClassRates[] {
  const counts = Array.from({ length: classes }, () => ({ images: 0, predicted: 0, correct: 0 }));
  for (const { label, predicted, count } of confusion) {
    const [own, taken] = [counts[label], counts[predicted]];
    if (own) own.images += count;
    if (taken) taken.predicted += count;
    if (own && label === predicted) own.correct += count;
  }
  return counts.map((count) => ({ ...count, ...ratesOf(count) }));
}

function ratesOf({ images, predicted, correct }: { images: number; predicted: number; correct: number }) {
  return {
    precision: predicted === 0 ? null : correct / predicted,
    recall: images === 0 ? null : correct / images,
    f1: images + predicted === 0 ? null : (2 * correct) / (images + predicted),
    recall_interval: wilson(correct, images),
  };
}
