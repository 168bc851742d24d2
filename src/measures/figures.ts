import { type Answers, predictedClasses, rankOf, rowOf } from './answers.js';
import {
  bestTemperature,
  type CalibrationBin,
  calibrationBins,
  expectedCalibrationError,
  LEAST_PROBABILITY,
} from './calibration.js';
import { orderBy } from './cuts.js';
import { type Interval, wilson } from './intervals.js';
import { meanOf, type Ranking, rankingOf } from './ranking.js';
import { type Thresholds, thresholdsOf } from './thresholds.js';

export interface ClassFigures extends Ranking {
  readonly index: number;
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
  readonly thresholds: Thresholds;
}

/** Images of one class that are taken for one class: right ones if both are the same. */
export interface ConfusionCell {
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
}

export interface Figures {
  readonly images: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly accuracy_interval: Interval;
  /** Share of images whose class is among the five most probable; null below six classes, where it says little. */
  readonly top_5: number | null;
  readonly balanced_accuracy: number;
  readonly macro_f1: number;
  readonly log_loss: number;
  readonly brier: number;
  readonly ece: number;
  readonly auroc: number | null;
  readonly average_precision: number | null;
  readonly per_class: readonly ClassFigures[];
  /** Only cells that count something, the most frequent first. */
  readonly confusion: readonly ConfusionCell[];
  readonly calibration: { readonly temperature: number; readonly bins: readonly CalibrationBin[] };
}

const FEWEST_FOR_TOP_5 = 6;

/** All figures over the whole set, in float64: never a mean of batches. @throws Error for no images */
export function figuresOf(answers: Answers): Figures {
  const { labels, classes } = answers;
  const images = labels.length;
  if (images === 0) throw new Error('figures need at least one image');
  const predicted = predictedClasses(answers);
  const confusion = confusionOf(labels, predicted);
  const perClass = perClassFigures(answers, confusion);
  const correct = perClass.reduce((sum, own) => sum + own.correct, 0);
  const bins = calibrationBins(answers, predicted);
  return {
    images,
    correct,
    accuracy: correct / images,
    accuracy_interval: wilson(correct, images) ?? { low: 0, high: 1 },
    top_5: classes < FEWEST_FOR_TOP_5 ? null : shareAmong(answers, 5),
    balanced_accuracy: meanOf(perClass.map(({ recall }) => recall)) ?? 0,
    macro_f1: meanOf(perClass.map(({ f1 }) => f1)) ?? 0,
    log_loss: logLoss(answers),
    brier: brierScore(answers),
    ece: expectedCalibrationError(bins),
    auroc: meanOf(perClass.map(({ auroc }) => auroc)),
    average_precision: meanOf(perClass.map(({ average_precision: own }) => own)),
    per_class: perClass,
    confusion,
    calibration: { temperature: bestTemperature(answers), bins },
  };
}

/** @param labels [n]. @param predicted [n] */
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

function perClassFigures(answers: Answers, confusion: readonly ConfusionCell[]): ClassFigures[] {
  const counts = Array.from({ length: answers.classes }, () => ({ images: 0, predicted: 0, correct: 0 }));
  for (const { label, predicted, count } of confusion) {
    const [own, taken] = [counts[label], counts[predicted]];
    if (own) own.images += count;
    if (taken) taken.predicted += count;
    if (own && label === predicted) own.correct += count;
  }
  return counts.map((count, index) => {
    const order = orderBy(answers, index);
    return {
      index,
      ...count,
      ...ratesOf(count),
      ...rankingOf(order),
      thresholds: thresholdsOf(order),
    };
  });
}

function ratesOf({ images, predicted, correct }: { images: number; predicted: number; correct: number }) {
  return {
    precision: predicted === 0 ? null : correct / predicted,
    recall: images === 0 ? null : correct / images,
    f1: images + predicted === 0 ? null : (2 * correct) / (images + predicted),
    recall_interval: wilson(correct, images),
  };
}

function shareAmong(answers: Answers, places: number): number {
  let hits = 0;
  answers.labels.forEach((label, image) => {
    if (rankOf(rowOf(answers, image), label) < places) hits += 1;
  });
  return hits / answers.labels.length;
}

function logLoss(answers: Answers): number {
  let sum = 0;
  answers.labels.forEach((label, image) => {
    const probability = rowOf(answers, image)[label] ?? 0;
    sum -= Math.log(Math.min(1 - LEAST_PROBABILITY, Math.max(LEAST_PROBABILITY, probability)));
  });
  return sum / answers.labels.length;
}

/** Brier's original score, between 0 and 2: squared distances summed over the classes. */
function brierScore(answers: Answers): number {
  let sum = 0;
  answers.labels.forEach((label, image) => {
    rowOf(answers, image).forEach((probability, index) => {
      sum += (probability - (index === label ? 1 : 0)) ** 2;
    });
  });
  return sum / answers.labels.length;
}
