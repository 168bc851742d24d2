import type { DatasetFacts, JobSpec } from '../../contract/spec.js';
import { inputShape } from '../../network/input-shape.js';
import type { Problems } from './problems.js';

/** @returns the dataset with the image size that the network is given */
export function resolveImageSize(spec: JobSpec, dataset: DatasetFacts, report: Problems): DatasetFacts {
  checkImageSize(spec.image_size, dataset, report);
  return { ...dataset, image: inputShape(spec, dataset) };
}

function checkImageSize(size: number | null, { name, storage, image }: DatasetFacts, report: Problems): void {
  const unchanged = size === image.height && size === image.width;
  if (size === null || storage === 'encoded' || unchanged) return;
  report(
    '/image_size',
    `${name} stores pixels of ${image.height}x${image.width} and cannot be resized; leave it out`,
  );
}
