import { classRates, confusionOf } from './class-rates.js';
import { type Interval, wilson } from './intervals.js';
import { meanOf } from './ranking.js';

/** The predictions of a network for n labelled images. */
export interface Predictions {
  /** Number of classes. */
  readonly classes: number;
  /** The class that each image has. [n] */
  readonly labels: Uint16Array;
  /** The class that each image is taken for. [n] */
  readonly predicted: Uint16Array;
}

/** Figures of some of the images. All but the counts are null for none. */
export interface SliceFigures {
  readonly images: number;
  readonly correct: number;
  readonly accuracy: number | null;
  readonly accuracy_interval: Interval | null;
  readonly balanced_accuracy: number | null;
  readonly macro_f1: number | null;
  /** Accuracy on the images outside the slice; null for none. */
  readonly other_accuracy: number | null;
}

/** @param slice whether each image is in the slice. [n] */
export function sliceFigures({ classes, labels, predicted }: Predictions, slice: Uint8Array): SliceFigures {
  const isInside = (_: number, image: number) => slice[image] === 1;
  const [inside, taken] = [labels.filter(isInside), predicted.filter(isInside)];
  const rates = classRates(classes, confusionOf(inside, taken));
  const correct = rates.reduce((sum, own) => sum + own.correct, 0);
  const allCorrect = labels.filter((label, image) => label === predicted[image]).length;
  return {
    images: inside.length,
    correct,
    accuracy: share(correct, inside.length),
    accuracy_interval: wilson(correct, inside.length),
    balanced_accuracy: meanOf(rates.map(({ recall }) => recall)),
    macro_f1: meanOf(rates.map(({ f1 }) => f1)),
    other_accuracy: share(allCorrect - correct, labels.length - inside.length),
  };
}

/** A column of values over n images. */
export interface Column {
  readonly values: readonly string[];
  /** For each image 0 where it has no value, else 1 + the place of its value. [n] */
  readonly codes: Uint16Array;
}

/** The figures of the images of each value that some have. The images without a value come last, with null. */
export function figuresByValue(
  predictions: Predictions,
  { values, codes }: Column,
): (SliceFigures & { readonly value: string | null })[] {
  const found = new Set(codes);
  const order = [...values.map((value, place) => ({ value, code: place + 1 })), { value: null, code: 0 }];
  return order
    .filter(({ code }) => found.has(code))
    .map(({ value, code }) => {
      const inside = Uint8Array.from(codes, (own) => (own === code ? 1 : 0));
      return { value, ...sliceFigures(predictions, inside) };
    });
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
