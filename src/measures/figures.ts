import { type Answers, predictedClasses, rankOf, rowOf } from './answers.js';
import {
  bestTemperature,
  type CalibrationBin,
  calibrationBins,
  expectedCalibrationError,
  LEAST_PROBABILITY,
} from './calibration.js';
import { type ClassRates, type ConfusionCell, classRates, confusionOf } from './class-rates.js';
import { orderBy } from './cuts.js';
import { type Interval, wilson } from './intervals.js';
import { meanOf, type Ranking, rankingOf } from './ranking.js';
import { type Thresholds, thresholdsOf } from './thresholds.js';

export interface ClassFigures extends ClassRates, Ranking {
  readonly index: number;
  readonly thresholds: Thresholds;
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

function perClassFigures(answers: Answers, confusion: readonly ConfusionCell[]): ClassFigures[] {
  return classRates(answers.classes, confusion).map((rates, index) => {
    const order = orderBy(answers, index);
    return { index, ...rates, ...rankingOf(order), thresholds: thresholdsOf(order) };
  });
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
