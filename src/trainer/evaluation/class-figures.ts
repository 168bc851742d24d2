import type { TestPredictions } from '../../contract/test-predictions.js';
import type { NetworkFigures, TaskWarning } from '../../contract/trainer-protocol.js';

/** Classes that a result lists. The evaluation of a model has all of them. */
const MAX_LISTED = 20;
/** Classes that a warning names. */
const MAX_NAMED = 5;

export type ClassFigures = NetworkFigures['classes'][number];

/**
 * Counts of each class among the test images, the lowest accuracy first. Classes without a test image are left out.
 * @param names of all classes
 * @param trained labels of the images that the job trained on
 */
export function classFigures(
  { labels, classes }: TestPredictions,
  names: readonly string[],
  trained: Uint16Array,
): ClassFigures[] {
  const kept = classes.length / labels.length;
  const counts = names.map((name, index) => ({ index, name, train_images: 0, images: 0, correct: 0 }));
  for (const label of trained) counts[label]!.train_images++;
  labels.forEach((label, image) => {
    const own = counts[label]!;
    own.images++;
    if (classes[image * kept] === label) own.correct++;
  });
  return counts
    .filter(({ images }) => images > 0)
    .map((own) => ({ ...own, accuracy: own.correct / own.images }))
    .sort((a, b) => a.accuracy - b.accuracy || a.index - b.index);
}

/** The classes that a result lists, and the mean of the accuracies of all. */
export function summarizeClasses(
  figures: readonly ClassFigures[],
): Pick<NetworkFigures, 'balanced_accuracy' | 'classes'> {
  const sum = figures.reduce((total, { accuracy }) => total + accuracy, 0);
  return { balanced_accuracy: sum / figures.length, classes: figures.slice(0, MAX_LISTED) };
}

/** A warning if no test image of some class was classified correctly, which the accuracy hides where the class is rare. */
export function missedClassWarnings(
  figures: readonly ClassFigures[],
  accuracy: number,
  step: number,
): TaskWarning[] {
  const missed = figures.filter(({ correct }) => correct === 0);
  if (missed.length === 0) return [];
  const named = missed.slice(0, MAX_NAMED).map(({ name, images }) => `${name} (${images})`);
  const more = missed.length > MAX_NAMED ? ` and ${missed.length - MAX_NAMED} more` : '';
  return [
    {
      code: 'missed_classes',
      message:
        `the network classifies ${(100 * accuracy).toFixed(1)} % of the test images correctly, but not one of ` +
        `these classes, with their number of test images: ${named.join(', ')}${more}; train longer, ` +
        'add images of them, or use class_weights or sampling balanced',
      stage: null,
      step,
      value: missed.length,
    },
  ];
}
