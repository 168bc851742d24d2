import type { DatasetFacts, ImageShape, JobSpec } from '../contract/spec.js';

/** What a job's network sees of an image: the size it asks for, else the dataset's own. */
export function inputShape(
  { image_size: size }: Pick<JobSpec, 'image_size'>,
  { image }: DatasetFacts,
): ImageShape {
  return size === null ? image : { ...image, height: size, width: size };
}
