import type { DatasetFacts, JobSpec } from '../../contract/spec.js';
import { IMAGENET } from '../../network/layouts/normalizations.js';
import type { Problems } from './problems.js';

/** Numbers must be as many as the images have channels, and only uploaded weights and models have a normalization. */
export function checkNormalization(
  { normalization, init_from: start }: Pick<JobSpec, 'normalization' | 'init_from'>,
  { image: { channels } }: Pick<DatasetFacts, 'image'>,
  report: Problems,
): void {
  const pointer = '/normalization';
  if (normalization === 'weights' && !start?.weights && !start?.model) {
    report(pointer, 'needs init_from.weights or init_from.model, which were trained with it; use dataset');
  } else if (normalization === 'imagenet' && channels !== IMAGENET.mean.length) {
    report(pointer, `is for images of ${IMAGENET.mean.length} channels, these have ${channels}; use dataset`);
  }
  if (typeof normalization !== 'object') return;
  for (const field of ['mean', 'standard_deviation'] as const) {
    const { length } = normalization[field];
    if (length !== channels)
      report(
        `${pointer}/${field}`,
        `has ${length} numbers, the images have ${channels} channels; give one for each`,
      );
  }
}
