import type { DatasetFacts, ResolvedSpec } from '../contract/spec.js';

type TrainCount = Pick<DatasetFacts, 'train_count'>;
type SampleChoice = Pick<ResolvedSpec, 'max_train_samples' | 'validation_share'>;

/** Images held out of the training images: the last ones, whatever `max_train_samples` is. */
function heldOut({ validation_share: share }: SampleChoice, { train_count: count }: TrainCount): number {
  return Math.round((share ?? 0) * count);
}

/** Images a job trains on: all that are not held out, or the first `max_train_samples` of them. */
export function trainSamples(spec: SampleChoice, dataset: TrainCount): number {
  const left = dataset.train_count - heldOut(spec, dataset);
  return Math.min(spec.max_train_samples ?? left, left);
}

/** The images that a job is validated on: `count` of a split, from index `first` on. */
export interface ValidationImages {
  readonly split: 'train' | 'validation';
  readonly first: number;
  readonly count: number;
}

/** Images held out of the training images, else the dataset's own validation split; null if there are none. */
export function validationImages(
  spec: SampleChoice,
  dataset: Pick<DatasetFacts, 'train_count' | 'validation_count'>,
): ValidationImages | null {
  const count = heldOut(spec, dataset);
  if (count > 0) return { split: 'train', first: dataset.train_count - count, count };
  // A share of 0 asks for no validation, also where the dataset has a split.
  if (spec.validation_share === 0 || dataset.validation_count === 0) return null;
  return { split: 'validation', first: 0, count: dataset.validation_count };
}
