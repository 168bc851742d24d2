import { ImportError, type ProblemList } from '../problems.js';
import type { Samples, SplitName } from './samples.js';

/** Indices of the images in each split, in storage order. */
export interface Splits {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
  /** Empty where the upload has no validation split. */
  readonly validation: Uint32Array;
}

const DEFAULT_TEST_SHARE = 0.1;

/**
 * Chooses the training, validation and test images. A validation split stays separate. If there is no test split, a
 * share of the training images of each class is held out for testing. Each split is sorted by image hash, so that
 * the first thousand images are a sample of all classes, and the order does not depend on names or on the archive.
 * @throws ImportError dataset_incomplete, dataset_format
 */
export function chooseSplits(samples: Samples, testShare: number | null, problems: ProblemList): Splits {
  const counts = countSplits(samples);
  if (samples.count === 0) throw new ImportError('dataset_incomplete', 'the archive contains no images');
  if (counts.none > 0 && counts.none < samples.count)
    throw new ImportError('dataset_format', 'some images are in train/ or test/, and others are in neither');
  if (counts.test === 0) {
    const held = holdOut(samples, testShare ?? DEFAULT_TEST_SHARE);
    if (counts.validation > 0) warnHeldOut(held, problems);
  } else if (testShare !== null)
    throw new ImportError('dataset_format', 'test_share is set, but the upload has its own test split');
  return {
    train: inHashOrder(samples, 'train'),
    validation: inHashOrder(samples, 'validation'),
    test: inHashOrder(samples, 'test'),
  };
}

type Counts = Readonly<Record<SplitName, number>>;

function countSplits(samples: Samples): Counts {
  const counts = { train: 0, test: 0, validation: 0, none: 0 };
  for (let index = 0; index < samples.count; index++) counts[samples.splitOf(index)] += 1;
  return counts;
}

function warnHeldOut(images: number, problems: ProblemList): void {
  const message =
    `the upload has no test split: ${images} training images were held out for testing; ` +
    'call its validation split test if it is to be that';
  problems.warn('test_held_out', message);
}

/**
 * Moves images from the training to the test split: those of each class with the smallest hashes, equal images
 * together. The same upload is always split in the same way. @returns the number of moved images
 */
function holdOut(samples: Samples, share: number): number {
  let count = 0;
  for (const images of imagesByClass(samples)) {
    images.sort((a, b) => samples.compare(a, b));
    let held = Math.max(1, Math.round(images.length * share));
    while (held < images.length && samples.compare(images[held - 1]!, images[held]!) === 0) held += 1;
    images.forEach((image, place) => {
      samples.moveTo(image, place < held ? 'test' : 'train');
    });
    count += held;
  }
  return count;
}

/** Images that are not in the validation split. */
function imagesByClass(samples: Samples): number[][] {
  const classes: number[][] = [];
  for (let index = 0; index < samples.count; index++) {
    if (samples.splitOf(index) === 'validation') continue;
    const label = samples.labels.at(index);
    classes[label] ??= [];
    classes[label].push(index);
  }
  // A class without usable images has none.
  return classes.filter((images) => images !== undefined);
}

function inHashOrder(samples: Samples, split: SplitName): Uint32Array {
  const images: number[] = [];
  for (let index = 0; index < samples.count; index++)
    if (samples.splitOf(index) === split) images.push(index);
  return Uint32Array.from(images).sort((a, b) => samples.compare(a, b) || a - b);
}
