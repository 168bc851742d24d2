import type { BlobUri } from './blob-uri.js';
import type { components } from './generated/openapi.js';
import type { OPTIMIZER_DEFAULTS } from './generated/optimizer-defaults.js';

/** A job's body as submitted, after the contract's own defaults were filled in: null still means "choose for me". */
export type JobSpec = components['schemas']['JobSpec'];

/** `T` with null taken out of every property listed in `K`. */
type Chosen<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };

export type ResolvedModel = Chosen<JobSpec['model'], 'depth' | 'width'>;
/** Shares of an image's area, and ratios of width to height, that crops are drawn from: [least, most] each. */
export interface RandomResizedCrop {
  scale: [number, number];
  ratio: [number, number];
}

export type ResolvedAugmentation = Omit<
  Chosen<JobSpec['augmentation'], 'crop_padding' | 'horizontal_flip'>,
  'random_resized_crop'
> & { random_resized_crop: false | RandomResizedCrop };

export type ResolvedMethod = Omit<
  Chosen<JobSpec['method'], 'stages' | 'round_steps' | 'end_to_end_share' | 'end_to_end_replicas'>,
  'split' | 'penalty'
> & {
  /** Residual blocks per stage, from the input on. */
  split: number[];
  /** Penalty coefficient beta, or the rule clip(|g||o|, 3, 0.8/lr) of docs/method.md; `auto` without a coupling. */
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

/** A spec with every choice made: what a job trains, reproducibly. It validates against the same schema. */
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

/** Images of one size as decoded pixels, or of any sizes as the files they came in. */
export type DatasetStorage = 'pixels' | 'encoded';

/** What planning and training must know of a dataset before its arrays are opened. */
export interface DatasetFacts {
  readonly name: string;
  readonly classes: readonly string[];
  readonly image: ImageShape;
  readonly storage: DatasetStorage;
  /** Of a dataset that was imported (dataset-manifest.ts); null where `prepare` decodes a built-in one. */
  readonly manifest: BlobUri | null;
  readonly train_count: number;
  readonly test_count: number;
  /** 0 where the dataset has no validation split. */
  readonly validation_count: number;
  /** Augmentation that suits these images, used where a job names none. */
  readonly augmentation: Pick<ResolvedAugmentation, 'crop_padding' | 'horizontal_flip'>;
}
