import type { DatasetFacts, ImageShape, JobSpec } from '../contract/spec.js';

/** Shape of the images that the network of a job sees: the requested size, otherwise that of the dataset. */
export function inputShape(
  { image_size: size }: Pick<JobSpec, 'image_size'>,
  { image }: DatasetFacts,
): ImageShape {
  return size === null ? image : { ...image, height: size, width: size };
}
