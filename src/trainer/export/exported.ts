import type { ResolvedSpec } from '../../contract/spec.js';
import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { ModelSize } from '../../network/index.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { SplitReader } from '../data/index.js';
import type { InferenceModel } from './inference-layers.js';
import type { TestAnswers } from './parity.js';

export type ExportFormat = ResolvedSpec['exports'][number];
/** An output beside the probabilities. */
export type FurtherOutput = ResolvedSpec['export_options']['outputs'][number];

/** Input of an export. */
export interface ExportRequest {
  /** Prefix of the file names: `full` or `compact`. */
  readonly folder: string;
  /** The network that was trained, of which `model` is the full or the compact form. */
  readonly network: ModelSize;
  /** The network to export. */
  readonly model: InferenceModel;
  /** For formats that name their outputs. */
  readonly outputs: readonly FurtherOutput[];
  /** The predictions that it must reproduce. */
  readonly answers: TestAnswers;
  /** The training images, from some of which a format takes the ranges of activations. */
  readonly train: SplitReader;
  readonly blobs: BlobStore;
}

/** Figures of a format that rounds weights or activations, and so cannot reproduce every probability. */
export interface Rounded {
  /** Number of test images that both accuracies are of. */
  readonly images: number;
  /** Share of them that the file classifies correctly. */
  readonly accuracy: number;
  readonly trainedAccuracy: number;
  /** The file, if ONNX Runtime runs it. */
  readonly onnx: Uint8Array | null;
}

/** Files of one exported model. */
export interface Exported {
  readonly artifacts: readonly ArtifactOutput[];
  /** Largest absolute difference from the class probabilities of the trained network, over the compared images. */
  readonly maxDifference: number;
  /** Null for a format that reproduces the probabilities. */
  readonly rounded: Rounded | null;
}
