import type { DatasetFacts, JobSpec, RandomResizedCrop, ResolvedAugmentation } from '../../contract/spec.js';
import { checkMixing } from './mixing.js';
import { checkColors, resolvePolicy } from './pixel-operations.js';
import type { Problems } from './problems.js';

/** The usual values for training on ImageNet. */
const DEFAULT_CROP: RandomResizedCrop = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };

/** The augmentation of a job whose images must stay as they are. */
const UNCHANGED = { crop_padding: 0, horizontal_flip: false, random_resized_crop: false } as const;

/**
 * Fills in what the job left open and refuses what the images or the method do not allow.
 * @param dataset its image is the network's input
 * @param epochs of the job
 * @param unchanged true where the method keeps variables of every image, which augmentation would change
 */
export function resolveAugmentation(
  { augmentation, epochs }: Pick<JobSpec, 'augmentation' | 'epochs'>,
  dataset: DatasetFacts,
  unchanged: boolean,
  report: Problems,
): ResolvedAugmentation {
  checkCutout(augmentation.cutout, dataset.image, report);
  checkCrop(augmentation, dataset, report);
  checkMixing(augmentation, epochs, report);
  checkColors(augmentation, dataset.image, report);
  if (unchanged) checkUnchanged(augmentation, report);
  const padding = augmentation.crop_padding;
  const recommended = unchanged ? UNCHANGED : recommendedFor(dataset, padding);
  const crop = augmentation.random_resized_crop ?? recommended.random_resized_crop;
  const resolved = {
    ...augmentation,
    horizontal_flip: augmentation.horizontal_flip ?? recommended.horizontal_flip,
    crop_padding: padding ?? (crop ? 0 : recommended.crop_padding),
    random_resized_crop: crop && withDefaults(crop),
    policy: resolvePolicy(augmentation.policy, report),
  };
  checkEffects(resolved, dataset, report);
  return resolved;
}

/** Choices that change how images are moved or mirrored need a job that does so. */
function checkEffects(
  { flip, horizontal_flip: flips, padding_mode: mode, crop_padding: padding }: ResolvedAugmentation,
  { image }: Pick<DatasetFacts, 'image'>,
  report: Problems,
): void {
  if (flip === 'alternating' && !flips) {
    report('/augmentation/flip', 'no image is mirrored; use random, or horizontal_flip true');
  }
  if (mode !== 'reflect') return;
  const max = Math.min(image.height, image.width) - 1;
  if (padding === 0)
    report('/augmentation/padding_mode', 'no image is padded; use zero, or a crop_padding above 0');
  if (padding > max) {
    report(
      '/augmentation/crop_padding',
      `has more pixels than there are to reflect; use ${max} or less, or padding_mode zero`,
    );
  }
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
function checkUnchanged(augmentation: JobSpec['augmentation'], report: Problems): void {
  const { crop_padding: padding, horizontal_flip: flip, cutout, random_resized_crop: crop } = augmentation;
  const why = 'stored variables require images without augmentation';
  if (padding !== null && padding > 0) report('/augmentation/crop_padding', `${why}; use 0 or null`);
  if (flip) report('/augmentation/horizontal_flip', `${why}; use false or null`);
  if (crop) report('/augmentation/random_resized_crop', `${why}; use false or null`);
  if (cutout > 0) report('/augmentation/cutout', `${why}; use 0`);
  for (const field of ['random_erasing', 'mixup', 'cutmix', 'rotation'] as const) {
    if (augmentation[field] > 0) report(`/augmentation/${field}`, `${why}; use 0`);
  }
  if (augmentation.vertical_flip) report('/augmentation/vertical_flip', `${why}; use false`);
  if (augmentation.color_jitter) report('/augmentation/color_jitter', `${why}; use null`);
  if (augmentation.policy.type !== 'none') report('/augmentation/policy/type', `${why}; use none`);
}
