import type { BlobUri } from './blob-uri.js';
import type { components } from './generated/openapi.js';
import type { ImportLimits } from './importer-protocol.js';
import type { DatasetStorage, ImageShape } from './spec.js';

type Schemas = components['schemas'];

/** All that the parts of a batch prediction need: it stays the same whatever happens to the model or the dataset. */
export interface BatchSetup {
  /** An ONNX file that Strata exported: `pixels` 0..255 float32 [N,H,W,C] -> `probabilities` float32 [N,classes]. */
  readonly network: BlobUri;
  readonly variant: Schemas['ModelVariantName'];
  /** The compact network answers where the probability of its first class is at least `threshold`. */
  readonly cascade: { readonly compact: BlobUri; readonly threshold: number } | null;
  /** Shape that the network sees. */
  readonly image: ImageShape;
  /** Storage of the dataset that the model was trained on. It decides which crop of an image file the network sees. */
  readonly storage: DatasetStorage;
  /** Names of the model's classes. */
  readonly classes: readonly string[];
  /** The manifest of the dataset; null for the pictures of an upload. */
  readonly manifest: BlobUri | null;
  /** Null for the pictures of an upload. */
  readonly split: Schemas['EvaluationSplit'] | null;
  /** The pictures of an upload, once it is unpacked. Absent for a dataset. */
  readonly pictures?: PictureFiles | null;
  readonly format: Schemas['BatchPredictionFormat'];
  readonly topK: number;
  /** Whether each line has the features of its image. */
  readonly embedding: boolean;
}

/**
 * Files of pictures and their names in the archive, in the archive's order: the bytes of all, one after another, and their
 * offsets as an encoded split has them (dataset-manifest.ts).
 */
export interface PictureFiles {
  readonly images: BlobUri;
  readonly offsets: BlobUri;
  /** UTF-8. */
  readonly names: BlobUri;
  readonly nameOffsets: BlobUri;
}

/** Unpacks an upload. */
export interface PicturesAssignment {
  readonly kind: 'pictures';
  readonly source: BlobUri;
  /** Key of the spool folder to work in. */
  readonly work: string;
  readonly limits: ImportLimits;
}

/** The same upload makes the same blobs. */
export interface PicturesSuccess {
  readonly kind: 'pictures';
  readonly pictures: PictureFiles;
  readonly count: number;
  readonly sizeBytes: number;
  /** Hash of the upload. */
  readonly sha256: string;
}

export interface BatchAssignment {
  readonly kind: 'predictions';
  readonly setup: BatchSetup;
  readonly first: number;
  readonly count: number;
}

/** The result of a part. The same assignment makes the same blobs. */
export interface BatchSuccess {
  readonly kind: 'predictions';
  /** Lines in the format of the batch prediction, without a head. */
  readonly uri: BlobUri;
  /** Lines of JSON about the images that failed; null where there are none. */
  readonly errors: BlobUri | null;
  readonly failed: number;
  readonly byCompact: number;
  readonly sizeBytes: number;
}
