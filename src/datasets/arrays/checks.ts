import { ImportError, type ProblemList } from '../problems.js';
import type { Samples } from './samples.js';
import type { Splits } from './splits.js';

/** The images of an upload, and the classes that their labels stand for. */
export interface LabelledSamples {
  readonly samples: Samples;
  readonly classes: readonly string[];
  /** For each label, its index in the class list. */
  readonly places: Uint16Array;
}

const PURPOSES = { train: 'for training', validation: 'for validation', test: 'for testing' } as const;

/**
 * @throws ImportError dataset_incomplete if there is only one class, or if a class has no training or test images; dataset_format
 * if two classes have one name
 */
export function checkClasses(labelled: LabelledSamples, splits: Splits, problems: ProblemList): void {
  const { classes } = labelled;
  if (classes.length < 2) {
    const only = classes.map((name) => `, ${name}`).join('');
    throw new ImportError('dataset_incomplete', `there is only one class${only}; at least two are required`);
  }
  const seen = new Set<string>();
  const twice = classes.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) {
    // Names are cut after 200 characters, and their control characters are replaced.
    const message = `two classes are called '${twice}'; give them names that differ in their first 200 characters, without control characters`;
    throw new ImportError('dataset_format', message);
  }
  for (const split of ['train', 'test'] as const) {
    const fault = missingClasses(labelled, splits[split], PURPOSES[split]);
    if (fault !== null) throw new ImportError('dataset_incomplete', fault);
  }
  if (splits.validation.length === 0) return;
  const fault = missingClasses(labelled, splits.validation, PURPOSES.validation);
  if (fault !== null) problems.warn('dataset_incomplete', fault);
}

/** @returns a description of the missing images; null if every class has an image */
function missingClasses(
  { samples, classes, places }: LabelledSamples,
  images: Uint32Array,
  purpose: string,
): string | null {
  const counts = new Uint32Array(classes.length);
  for (const image of images) counts[places[samples.labels.at(image)]!]! += 1;
  const missing = classes.filter((_, place) => counts[place] === 0);
  if (missing.length === 0) return null;
  const names = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', ...' : '');
  return `${missing.length} of ${classes.length} classes have no images ${purpose}: ${names}`;
}

const MAX_NAMED = 5;

/** Warns where the same image, pixel by pixel, is there under two labels: at least one of them is wrong. */
export function checkLabels({ samples, classes, places }: LabelledSamples, problems: ProblemList): void {
  const order = Uint32Array.from({ length: samples.count }, (_, image) => image);
  order.sort((a, b) => samples.compare(a, b));
  const classOf = (image: number) => classes[places[samples.labels.at(image)]!]!;
  const conflicts: (readonly [number, number])[] = [];
  for (let at = 1, first = 0; at < order.length; at++) {
    if (samples.compare(order[first]!, order[at]!) !== 0) first = at;
    else if (samples.labels.at(order[first]!) !== samples.labels.at(order[at]!))
      conflicts.push([order[first]!, order[at]!]);
  }
  if (conflicts.length === 0) return;
  problems.warn('labels_differ', `${conflicts.length} images are there under another label too`);
  for (const [one, other] of conflicts.slice(0, MAX_NAMED)) {
    const message = `this image is ${classOf(other)} here and ${classOf(one)} as ${samples.nameOf(one)}`;
    problems.warn('labels_differ', message, samples.nameOf(other));
  }
}

/** Warns if two splits contain the same image, pixel by pixel: the measured accuracy is then too high. */
export function checkOverlap(
  samples: Samples,
  { train, validation, test }: Splits,
  problems: ProblemList,
): void {
  warnShared(samples, [train, 'training'], [test, 'test'], problems);
  warnShared(samples, [train, 'training'], [validation, 'validation'], problems);
  warnShared(samples, [validation, 'validation'], [test, 'test'], problems);
}

/** Both splits are sorted by hash. */
function warnShared(
  samples: Samples,
  [first, firstName]: readonly [Uint32Array, string],
  [second, secondName]: readonly [Uint32Array, string],
  problems: ProblemList,
): void {
  const shared: number[] = [];
  let place = 0;
  for (const image of second) {
    while (place < first.length && samples.compare(first[place]!, image) < 0) place += 1;
    if (place < first.length && samples.compare(first[place]!, image) === 0) shared.push(image);
  }
  if (shared.length === 0) return;
  const message = `${shared.length} of ${second.length} ${secondName} images are also in the ${firstName} split`;
  problems.warn('splits_overlap', message);
  for (const image of shared.slice(0, MAX_NAMED)) {
    const named = `this ${secondName} image is also in the ${firstName} split`;
    problems.warn('splits_overlap', named, samples.nameOf(image));
  }
}
