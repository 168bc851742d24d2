import type { components } from '../../../contract/generated/openapi.js';
import type { TestPredictions } from '../../../contract/test-predictions.js';
import { className } from '../views/parts.js';

type Schemas = components['schemas'];
type Counts = Omit<Schemas['ModelEvaluation'], 'object' | 'model_id' | 'variant'>;

/** Above it, a matrix has more cells than anybody reads. */
const MAX_MATRIX_CLASSES = 100;
const MAX_CONFUSIONS = 100;

/** Number of classes that were kept for each image. */
export const keptOf = ({ labels, classes }: TestPredictions): number =>
  labels.length === 0 ? 1 : classes.length / labels.length;

/** Counts predictions by class and predicted class. @param names of the classes */
export function evaluate(predictions: TestPredictions, names: readonly string[]): Counts {
  const { labels, classes } = predictions;
  const kept = keptOf(predictions);
  const counts = new Map<number, number>();
  let amongKept = 0;
  labels.forEach((label, image) => {
    const cell = label * names.length + (classes[image * kept] ?? 0);
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
    if (classes.subarray(image * kept, (image + 1) * kept).includes(label)) amongKept++;
  });
  const cells = [...counts].map(([cell, images]) => ({
    label: Math.floor(cell / names.length),
    predicted: cell % names.length,
    images,
  }));
  const byClass = classFigures(cells, names, labels.length);
  const correct = byClass.reduce((sum, { correct: own }) => sum + own, 0);
  return {
    images: labels.length,
    correct,
    accuracy: share(correct, labels.length) ?? 0,
    top_3_accuracy: share(amongKept, labels.length) ?? 0,
    classes: byClass,
    matrix: names.length > MAX_MATRIX_CLASSES ? null : matrixOf(cells, names.length),
    confusions: confusionsOf(cells, names),
  };
}

/** Images of class `label` that were predicted as class `predicted`. */
interface Cell {
  readonly label: number;
  readonly predicted: number;
  readonly images: number;
}

function classFigures(
  cells: readonly Cell[],
  names: readonly string[],
  images: number,
): Schemas['ClassEvaluation'][] {
  const sums = names.map(() => ({ images: 0, predicted: 0, correct: 0 }));
  for (const { label, predicted, images: count } of cells) {
    const [row, column] = [sums[label], sums[predicted]];
    if (row) row.images += count;
    if (column) column.predicted += count;
    if (row && label === predicted) row.correct += count;
  }
  return sums.map((own, index) => ({
    ...className(names, index),
    ...own,
    // All but the images of the class that were missed, and those of others that were taken for it.
    accuracy: share(images - own.images - own.predicted + 2 * own.correct, images) ?? 0,
    precision: share(own.correct, own.predicted),
    recall: share(own.correct, own.images),
  }));
}

function matrixOf(cells: readonly Cell[], classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { label, predicted, images } of cells) {
    const row = matrix[label];
    if (row) row[predicted] = images;
  }
  return matrix;
}

function confusionsOf(cells: readonly Cell[], names: readonly string[]): Schemas['Confusion'][] {
  return cells
    .filter(({ label, predicted }) => label !== predicted)
    .sort((a, b) => b.images - a.images || a.label - b.label || a.predicted - b.predicted)
    .slice(0, MAX_CONFUSIONS)
    .map(({ label, predicted, images }) => ({
      label: className(names, label),
      predicted: className(names, predicted),
      images,
    }));
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

export interface ErrorFilter {
  readonly label?: number | undefined;
  readonly predicted?: number | undefined;
}

/** Indices of the images that were predicted wrongly, those with the highest probability of the wrong class first. */
export function wrongImages(predictions: TestPredictions, filter: ErrorFilter): Uint32Array {
  const { labels, classes, probabilities } = predictions;
  const kept = keptOf(predictions);
  const matches = (wanted: number | undefined, value: number | undefined) =>
    wanted === undefined || wanted === value;
  const wrong = Uint32Array.from(labels.keys()).filter((image) => {
    const [label, predicted] = [labels[image], classes[image * kept]];
    return label !== predicted && matches(filter.label, label) && matches(filter.predicted, predicted);
  });
  return wrong.sort((a, b) => (probabilities[b * kept] ?? 0) - (probabilities[a * kept] ?? 0) || a - b);
}
