import type { BlobUri } from './blob-uri.js';
import type { ErrorCode } from './errors.js';
import type { OutageCode } from './outages.js';
import type { DatasetStorage, ImageShape } from './spec.js';

/** What is asked of a predictor, over the queue and then over Node's IPC channel. */
export interface PredictionTask {
  /** An ONNX file of ours: `pixels` 0..255 float32 [N,H,W,C] -> `probabilities` float32 [N,classes]. */
  readonly uri: BlobUri;
  readonly image: ImageShape;
  /** Of the data set's images, which decides what of a file the network is shown. */
  readonly storage: DatasetStorage;
  /** `encoded`: PNG, JPEG or WebP files of any size; `pixels`: uint8 [height, width, channels] as the network takes it. */
  readonly kind: 'encoded' | 'pixels';
  /** Base64, one an image. */
  readonly items: readonly string[];
  /** Classes to answer for each image. */
  readonly topK: number;
}

export interface RankedClass {
  /** Index of the class. */
  readonly index: number;
  readonly probability: number;
}

/** Milliseconds within the predictor. */
export interface PredictionTimes {
  /** Reading the model; 0 where it was loaded. */
  readonly load: number;
  readonly decode: number;
  readonly compute: number;
}

/** Code of the catalogue that a prediction may fail with. */
export type PredictionError = Extract<
  ErrorCode,
  'unreadable_image' | 'blob_missing' | 'blob_corrupt' | 'internal' | OutageCode
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
      /** Of the image at fault. */
      readonly index: number | null;
    };

export interface ToPredictor {
  readonly id: number;
  readonly task: PredictionTask;
}

export type FromPredictor =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly id: number; readonly outcome: PredictionOutcome };

/** What one prediction may hold. The API refuses more; the decoder refuses greater images. */
export const PREDICTION_LIMITS = {
  images: 32,
  /** Height times width of an encoded image. */
  pixels: 25_000_000,
} as const;
