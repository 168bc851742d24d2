import type { BatchAssignment, BatchSuccess, PicturesAssignment, PicturesSuccess } from './batch-protocol.js';
import type { BlobUri } from './blob-uri.js';
import type { ErrorCode } from './errors.js';
import type { components } from './generated/openapi.js';
import type { DatasetFacts, DatasetStorage, ImageShape, ResolvedSpec } from './spec.js';

type Schemas = components['schemas'];

/** All that the parts of an evaluation need: it stays the same whatever happens to the model or the dataset. */
export interface EvaluationSetup {
  /** An ONNX file that Strata exported: `pixels` 0..255 float32 [N,H,W,C] -> `probabilities` float32 [N,classes]. */
  readonly network: BlobUri;
  /** Shape that the network sees. */
  readonly image: ImageShape;
  /** Storage of the dataset that the model was trained on. It decides which crop of an image file the network sees. */
  readonly storage: DatasetStorage;
  /** Names of the model's classes. */
  readonly classes: readonly string[];
  /** The manifest of the dataset. */
  readonly manifest: BlobUri;
  readonly split: Schemas['EvaluationSplit'];
  /** The model's class for each class of the dataset: they are matched by name. */
  readonly labels: readonly number[];
  readonly tta: Schemas['TestTimeAugmentation'];
  /** The compact network, for a cascade. Absent in what an earlier version stored. */
  readonly compact?: BlobUri | null;
  /** Columns of metadata whose values get figures of their own: `metadata.site`. Absent for none. */
  readonly slices?: readonly string[];
}

/** Inputs from which a trainer assembles the networks of a checkpoint. */
export interface CheckpointAssembly {
  /** Spec and dataset of the checkpoint's job. */
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFacts;
  /** As those of `finalize` (trainer-protocol.ts). */
  readonly inputs: Readonly<Record<string, BlobUri>>;
}

/** EvaluationSetup as it is stored. */
export interface StoredSetup extends Omit<EvaluationSetup, 'network'> {
  /** Null until the network of the checkpoint is assembled. */
  readonly network: BlobUri | null;
  /** Only for a checkpoint. */
  readonly checkpoint?: Schemas['EvaluatedCheckpoint'];
  /** Only for a checkpoint whose networks are assembled first. */
  readonly assembly?: CheckpointAssembly;
}

/** The work of an evaluator at a time: it answers some images, or computes the figures of all answers. */
export type EvaluationAssignment =
  | {
      readonly kind: 'answers';
      readonly setup: EvaluationSetup;
      readonly first: number;
      readonly count: number;
    }
  | {
      readonly kind: 'figures';
      readonly setup: EvaluationSetup;
      /** The answers of all parts, in order. */
      readonly parts: readonly BlobUri[];
    };

export type EvaluationSuccess =
  /**
   * A safetensors blob: `probabilities` F32 [n,classes] and `labels` U16 [n], as classes of the model. For a cascade, also
   * `compact` F32 [n,classes] and `seconds` F32 [2], of the full and of the compact network.
   */
  | { readonly kind: 'answers'; readonly uri: BlobUri }
  /** `predictions`: a blob in the form of test-predictions.ts. */
  | {
      readonly kind: 'figures';
      readonly figures: Schemas['EvaluationFigures'];
      readonly predictions: BlobUri;
    };

/** The first part of the evaluation of a checkpoint, which a trainer does. */
export interface AssemblyAssignment extends CheckpointAssembly {
  readonly kind: 'assembly';
  readonly id: string;
  readonly attempt: number;
}

/** The ONNX files by variant. */
export interface AssemblySuccess {
  readonly kind: 'assembly';
  readonly serving: Readonly<Record<string, BlobUri>>;
}

export interface EvaluationFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A part of an evaluation or of a batch prediction. */
export type PartAssignment = EvaluatorAssignment | AssemblyAssignment;
export type PartSuccess = EvaluationSuccess | BatchSuccess | PicturesSuccess | AssemblySuccess;

export type EvaluatorAssignment = EvaluationAssignment | BatchAssignment | PicturesAssignment;
export type ToEvaluator = { readonly type: 'run'; readonly assignment: EvaluatorAssignment };

export type FromEvaluator =
  | { readonly type: 'ready' }
  /** It is alive: so many images are done. */
  | { readonly type: 'progress'; readonly images: number }
  | { readonly type: 'succeeded'; readonly success: PartSuccess }
  | { readonly type: 'failed'; readonly failure: EvaluationFailure };
