import type { BlobUri } from './blob-uri.js';
import type { OPTIMIZER_DEFAULTS } from './generated/defaults.js';
import type { components } from './generated/openapi.js';

/** The body of a submitted job, with the defaults of the contract filled in. null still means "choose a value". */
export type JobSpec = components['schemas']['JobSpec'];

/** `T` without null in the properties `K`. */
type Chosen<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };

export type ResolvedModel = Chosen<JobSpec['model'], 'depth' | 'width'>;
/** Ranges for random crops: share of the image area, and ratio of width to height. Each is [min, max]. */
export interface RandomResizedCrop {
  scale: [number, number];
  ratio: [number, number];
}

export type ResolvedAugmentation = Omit<
  Chosen<JobSpec['augmentation'], 'crop_padding' | 'horizontal_flip'>,
  'random_resized_crop' | 'policy'
> & { random_resized_crop: false | RandomResizedCrop; policy: ResolvedPolicy };

export type ResolvedPolicy =
  | { type: 'none'; count: null; magnitude: null }
  | { type: 'trivial-augment'; count: null; magnitude: null }
  | { type: 'rand-augment'; count: number; magnitude: number };

export type ResolvedMethod = Omit<
  Chosen<JobSpec['method'], 'stages' | 'round_steps' | 'end_to_end_share' | 'end_to_end_replicas'>,
  'split' | 'penalty'
> & {
  /** Residual blocks per stage, starting at the input. */
  split: number[];
  /**
   * Penalty coefficient beta, or the rule clip(|g||o|, 3, 0.8/lr) of docs/method.md. `auto` for methods without a
   * coupling.
   */
  penalty: number | 'adaptive' | 'auto';
};

type OptimizerDefaults = typeof OPTIMIZER_DEFAULTS;
type OptimizerType = keyof OptimizerDefaults;
type CommonField = 'learning_rate' | 'weight_decay';
/** The fields of an optimizer that others lack. */
type OwnField<T extends OptimizerType> = Exclude<keyof OptimizerDefaults[T], CommonField>;
type AnyOwnField = { [T in OptimizerType]: OwnField<T> }[OptimizerType];

/** The fields that an optimizer has are numbers; those of other optimizers are null. */
export type ResolvedOptimizer = {
  [T in OptimizerType]: Omit<Chosen<JobSpec['optimizer'], CommonField>, 'type' | AnyOwnField> & {
    readonly type: T;
  } & { readonly [F in OwnField<T>]: number } & { readonly [F in Exclude<AnyOwnField, OwnField<T>>]: null };
}[OptimizerType];

/**
 * A spec without open choices: everything that the training of a job depends on. It is valid by the same schema.
 */
export type ResolvedSpec = Omit<
  Chosen<JobSpec, 'seed'>,
  'model' | 'method' | 'optimizer' | 'augmentation' | 'precision'
> & {
  precision: 'float32' | 'bfloat16';
  model: ResolvedModel;
  method: ResolvedMethod;
  optimizer: ResolvedOptimizer;
  augmentation: ResolvedAugmentation;
};

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** `pixels`: decoded images of one size. `encoded`: images of any size, as their original files. */
export type DatasetStorage = 'pixels' | 'encoded';

/** Facts about a dataset that planning and training need before its arrays are opened. */
export interface DatasetFacts {
  readonly name: string;
  readonly classes: readonly string[];
  readonly image: ImageShape;
  readonly storage: DatasetStorage;
  /** Manifest of an imported dataset (dataset-manifest.ts). Null for a built-in dataset that `prepare` decodes. */
  readonly manifest: BlobUri | null;
  readonly train_count: number;
  readonly test_count: number;
  /** 0 where the dataset has no validation split. */
  readonly validation_count: number;
  /** Recommended augmentation, used by jobs that set none. */
  readonly augmentation: Pick<ResolvedAugmentation, 'crop_padding' | 'horizontal_flip'>;
}
