import type { BlobUri } from './blob-uri.js';
import type { ErrorCode } from './errors.js';
import type { OutageCode } from './outages.js';
import type { DatasetStorage, ImageShape } from './spec.js';

/** A request to a predictor, sent over the queue and then over Node's IPC channel. */
export interface PredictionTask {
  /**
   * An ONNX file that Strata exported: `pixels` 0..255 float32 [N,H,W,C] -> `probabilities` float32 [N,classes].
   */
  readonly uri: BlobUri;
  readonly image: ImageShape;
  /** Storage of the dataset. It decides which crop of an image file the network sees. */
  readonly storage: DatasetStorage;
  /**
   * `encoded`: PNG, JPEG or WebP files of any size. `pixels`: uint8 [height, width, channels], as the network reads
   * it.
   */
  readonly kind: 'encoded' | 'pixels';
  /** One base64 text per image. */
  readonly items: readonly string[];
  /** Number of classes to return for each image. */
  readonly topK: number;
}

export interface RankedClass {
  /** Index of the class. */
  readonly index: number;
  readonly probability: number;
}

/** Milliseconds within the predictor. */
export interface PredictionTimes {
  /** Time to load the model; 0 if it was loaded before. */
  readonly load: number;
  readonly decode: number;
  readonly compute: number;
}

/** Error codes that a prediction can fail with. */
export type PredictionError = Extract<
  ErrorCode,
  'unreadable_image' | 'blob_missing' | 'blob_corrupt' | 'prediction_late' | 'internal' | OutageCode
>;

export type PredictionOutcome =
  | {
      readonly ok: true;
      /** Most probable first, for each image. */
      readonly predictions: readonly (readonly RankedClass[])[];
      readonly ms: PredictionTimes;
    }
  | {
      readonly ok: false;
      readonly code: PredictionError;
      readonly message: string;
      /** Index of the image that failed. */
      readonly index: number | null;
    };

export type ToPredictor =
  | { readonly type: 'ask'; readonly id: number; readonly task: PredictionTask }
  /** Nobody waits for the answer any more. It still comes, as soon as the work can stop. */
  | { readonly type: 'cancel'; readonly id: number };

export type FromPredictor =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly id: number; readonly outcome: PredictionOutcome };

/** Limits of one prediction. The API rejects larger requests, the decoder rejects larger images. */
export const PREDICTION_LIMITS = {
  images: 32,
  /** Height times width of an encoded image. */
  pixels: 25_000_000,
} as const;
