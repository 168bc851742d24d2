import { ImportError, type ProblemList } from '../problems.js';
import type { Samples } from './samples.js';
import type { Splits } from './splits.js';

/** @throws ImportError dataset_incomplete where there is nothing to tell apart, or a class cannot be learnt or tested */
export function checkClasses(samples: Samples, splits: Splits, classes: readonly string[]): void {
  if (classes.length < 2) {
    const only = classes.map((name) => `, ${name}`).join('');
    throw new ImportError('dataset_incomplete', `there is only one class${only}; at least two are needed`);
  }
  for (const split of ['train', 'test'] as const) {
    const counts = new Uint32Array(classes.length);
    for (const image of splits[split]) counts[samples.labels.at(image)]! += 1;
    const missing = classes.filter((_, label) => counts[label] === 0);
    if (missing.length === 0) continue;
    const purpose = { train: 'to train with', test: 'to test with' }[split];
    const names = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', ...' : '');
    throw new ImportError(
      'dataset_incomplete',
      `${missing.length} of ${classes.length} classes have no images ${purpose}: ${names}`,
    );
  }
}

const MOST_NAMED = 5;

/** Warns where the same image, pixel by pixel, trains and tests: the accuracy is then too good. */
export function checkOverlap(samples: Samples, { train, test }: Splits, problems: ProblemList): void {
  const shared: number[] = [];
  let place = 0;
  for (const image of test) {
    while (place < train.length && samples.compare(train[place]!, image) < 0) place += 1;
    if (place < train.length && samples.compare(train[place]!, image) === 0) shared.push(image);
  }
  if (shared.length === 0) return;
  const message = `${shared.length} of ${test.length} test images are also in the training split`;
  problems.warn('splits_overlap', message);
  for (const image of shared.slice(0, MOST_NAMED)) {
    problems.warn('splits_overlap', 'this test image is also in the training split', samples.nameOf(image));
  }
}
