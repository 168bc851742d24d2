import type { DatasetFacts, JobSpec, RandomResizedCrop, ResolvedAugmentation } from '../../contract/spec.js';
import type { Problems } from './problems.js';

/** The usual values for training on ImageNet. */
const DEFAULT_CROP: RandomResizedCrop = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };

/** The augmentation of a job whose images must stay as they are. */
const UNCHANGED = { crop_padding: 0, horizontal_flip: false, random_resized_crop: false } as const;

/**
 * Fills in what the job left open and refuses what the images or the method do not allow.
 * @param dataset its image is the network's input
 * @param unchanged true where the method keeps variables of every image, which augmentation would change
 */
export function resolveAugmentation(
  augmentation: JobSpec['augmentation'],
  dataset: DatasetFacts,
  unchanged: boolean,
  report: Problems,
): ResolvedAugmentation {
  checkCutout(augmentation.cutout, dataset.image, report);
  checkCrop(augmentation, dataset, report);
  if (unchanged) checkUnchanged(augmentation, report);
  const padding = augmentation.crop_padding;
  const recommended = unchanged ? UNCHANGED : recommendedFor(dataset, padding);
  const crop = augmentation.random_resized_crop ?? recommended.random_resized_crop;
  return {
    ...augmentation,
    horizontal_flip: augmentation.horizontal_flip ?? recommended.horizontal_flip,
    crop_padding: padding ?? (crop ? 0 : recommended.crop_padding),
    random_resized_crop: crop && withDefaults(crop),
  };
}

/** A job that asks for crop padding gets it instead of resized crops. */
function recommendedFor({ augmentation, storage }: DatasetFacts, padding: number | null) {
  const crops = storage === 'encoded' && !padding;
  return { ...augmentation, random_resized_crop: crops && DEFAULT_CROP };
}

type CropSpec = Exclude<JobSpec['augmentation']['random_resized_crop'], false | null>;

/** The contract guarantees that both are pairs. */
function withDefaults({ scale, ratio }: CropSpec | RandomResizedCrop): RandomResizedCrop {
  return {
    scale: (scale as RandomResizedCrop['scale']) ?? DEFAULT_CROP.scale,
    ratio: (ratio as RandomResizedCrop['ratio']) ?? DEFAULT_CROP.ratio,
  };
}

function checkCrop(
  { random_resized_crop: crop, crop_padding: padding }: JobSpec['augmentation'],
  { name, storage }: DatasetFacts,
  report: Problems,
): void {
  if (!crop) return;
  const pointer = '/augmentation/random_resized_crop';
  if (storage === 'pixels') {
    report(
      pointer,
      `${name} stores pixels of a fixed size and cannot be resized; use false or null, and crop_padding instead`,
    );
  }
  if (padding)
    report('/augmentation/crop_padding', 'random_resized_crop already shifts images; use 0 or null');
  for (const field of ['scale', 'ratio'] as const) {
    const [min = 0, max = min] = crop[field] ?? [];
    if (min > max) report(`${pointer}/${field}`, `must be [min, max]; use [${max}, ${min}]`);
  }
}

function checkCutout(
  side: number,
  image: { readonly height: number; readonly width: number },
  report: Problems,
): void {
  const max = Math.min(image.height, image.width) - 1;
  if (side <= max) return;
  report('/augmentation/cutout', `can blank whole images of this dataset; use ${max} or less`);
}

/**
 * Stored variables belong to unchanged images. An augmented image would be another image with the same variable.
 */
function checkUnchanged(
  {
    crop_padding: padding,
    horizontal_flip: flip,
    cutout,
    random_resized_crop: crop,
  }: JobSpec['augmentation'],
  report: Problems,
): void {
  const why = 'stored variables require images without augmentation';
  if (padding !== null && padding > 0) report('/augmentation/crop_padding', `${why}; use 0 or null`);
  if (flip) report('/augmentation/horizontal_flip', `${why}; use false or null`);
  if (crop) report('/augmentation/random_resized_crop', `${why}; use false or null`);
  if (cutout > 0) report('/augmentation/cutout', `${why}; use 0`);
}
