import type { DatasetFacts, ResolvedAugmentation, ResolvedSpec } from '../contract/spec.js';
import { countFrozen } from '../network/frozen.js';
import type { Shape } from '../network/layers.js';
import { describeMethod, type StagedMethod, storesVariables } from './methods.js';
import { describeRun } from './run.js';
import { trainSamples } from './samples.js';

/** Larger files are not stored: every device that trains the first stage has a copy. */
export const MAX_FROZEN_BYTES = 2 * 2 ** 30;

const FLOAT = 4;

/** Output of the frozen blocks of a job for its training images. */
export interface FrozenFeatures {
  /** The features of one image. */
  readonly shape: Shape;
  readonly samples: number;
  readonly bytes: number;
  /** Why they are computed in every step; null where they are computed once and stored. */
  readonly obstacle: 'augmentation' | 'norm' | 'method' | 'bytes' | 'epochs' | null;
}

/** Null for a job that freezes nothing. */
export function frozenFeatures(spec: ResolvedSpec, dataset: DatasetFacts): FrozenFeatures | null {
  if (!spec.freeze) return null;
  const { network } = describeRun(spec, dataset);
  const shape = network.blocks[countFrozen(network) - 1]!.output;
  const samples = trainSamples(spec, dataset);
  const bytes = FLOAT * samples * shape.height * shape.width * shape.channels;
  return { shape, samples, bytes, obstacle: obstacleOf(spec, bytes) };
}

/** The features of a job that stores them; null for any other job. */
export function storedFeatures(spec: ResolvedSpec, dataset: DatasetFacts): FrozenFeatures | null {
  const features = frozenFeatures(spec, dataset);
  return features?.obstacle === null ? features : null;
}

function obstacleOf(
  { freeze, augmentation, method }: ResolvedSpec,
  bytes: number,
): FrozenFeatures['obstacle'] {
  if (freeze?.norm === 'estimate') return 'norm';
  if (changesImages(augmentation)) return 'augmentation';
  if (repeatsImages(method)) return 'method';
  // Making them costs what a single epoch saves.
  if (freeze?.until_epoch === 1) return 'epochs';
  return bytes > MAX_FROZEN_BYTES ? 'bytes' : null;
}

/** Whether stages read the images of a batch by ways of their own: stored variables, message rounds. */
function repeatsImages(method: StagedMethod): boolean {
  const { exchangesWithinBatch = false } = describeMethod(method);
  return storesVariables(method) || (exchangesWithinBatch && method.stages > 1);
}

/** Whether a training image looks different from epoch to epoch. */
function changesImages(augmentation: ResolvedAugmentation): boolean {
  const { crop_padding, horizontal_flip, random_resized_crop, cutout } = augmentation;
  const { random_erasing, mixup, cutmix } = augmentation;
  // Jobs of earlier versions have none of these.
  const { policy, color_jitter = null, rotation = 0, vertical_flip = false } = augmentation;
  return (
    horizontal_flip ||
    vertical_flip ||
    random_resized_crop !== false ||
    color_jitter !== null ||
    (policy && policy.type !== 'none') ||
    [crop_padding, cutout, random_erasing, mixup, cutmix, rotation].some((amount) => amount > 0)
  );
}
