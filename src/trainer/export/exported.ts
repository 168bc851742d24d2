import type { ResolvedSpec } from '../../contract/spec.js';
import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { InferenceModel } from './inference-layers.js';
import type { TestAnswers } from './parity.js';

export type ExportFormat = ResolvedSpec['exports'][number];

/** What a format is asked to write. */
export interface ExportRequest {
  /** What the files' names begin with: `full` or `compact`. */
  readonly folder: string;
  /** What is written. */
  readonly model: InferenceModel;
  /** What it must agree with. */
  readonly answers: TestAnswers;
  readonly blobs: BlobStore;
}

/** Files of one exported model. */
export interface Exported {
  readonly artifacts: readonly ArtifactOutput[];
  /** Largest absolute difference of a class probability from the trained network's over the images compared. */
  readonly maxDifference: number;
}
