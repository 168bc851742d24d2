import type { DatasetFacts, JobSpec } from '../../contract/spec.js';
import { validationImages } from '../../method/samples.js';
import type { Problems } from './problems.js';

/** A share above 0 must hold out an image. */
export function checkValidationShare(
  spec: Pick<JobSpec, 'validation_share' | 'max_train_samples'>,
  dataset: Pick<DatasetFacts, 'train_count' | 'validation_count'>,
  report: Problems,
): void {
  const { validation_share: share } = spec;
  if (share === null || share === 0 || validationImages(spec, dataset)?.split === 'train') return;
  report(
    '/validation_share',
    `holds out no image of the ${dataset.train_count} training images; use ${(1 / dataset.train_count).toPrecision(1)} or more, or null`,
  );
}
