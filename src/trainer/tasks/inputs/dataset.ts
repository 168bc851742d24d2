import { type DatasetManifest, decodeManifest } from '../../../contract/dataset-manifest.js';
import type { ResolvedSpec } from '../../../contract/spec.js';
import { inputShape } from '../../../network/index.js';
import { IMAGENET } from '../../../network/layouts/index.js';
import { TrainerError } from '../../errors.js';

import { requiredInput, type TaskContext } from '../context.js';

const MAX_PIXEL = 255;

type ChannelStatistics = Pick<DatasetManifest, 'mean' | 'standard_deviation'>;

/** The prepared dataset, with the image size and the normalization of this job. */
export async function readManifest(context: TaskContext): Promise<DatasetManifest> {
  const { spec, dataset } = context.assignment;
  const manifest = decodeManifest(await context.blobs.get(requiredInput(context, 'dataset')));
  return { ...manifest, image: inputShape(spec, dataset), ...normalizationOf(spec) };
}

/** Statistics that a job has in place of those of its dataset, in the scale of pixels. */
function normalizationOf({ normalization }: ResolvedSpec): Partial<ChannelStatistics> {
  if (normalization === 'weights')
    throw new TrainerError('invalid_assignment', 'the normalization must be resolved before');
  if (normalization === undefined || normalization === 'dataset') return {};
  const { mean, standard_deviation } = normalization === 'imagenet' ? IMAGENET : normalization;
  const pixels = (shares: readonly number[]) => shares.map((share) => share * MAX_PIXEL);
  return { mean: pixels(mean), standard_deviation: pixels(standard_deviation) };
}
