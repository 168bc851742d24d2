import { InvalidManifestError } from '../contract/dataset-manifest.js';
import type { TaskAssignment, TaskFailure } from '../contract/trainer-protocol.js';
import { BlobCorruptError, BlobMissingError } from '../storage/errors.js';
import { NOWHERE, TrainerError } from './errors.js';

/** TensorFlow has error codes in its messages only; this one is RESOURCE_EXHAUSTED's. */
const OUT_OF_MEMORY = /\bOOM when allocating|RESOURCE_EXHAUSTED|Array buffer allocation failed/;

/** What a task's error is called in the catalogue, and where in the training it happened. */
export function failureOf(error: unknown, assignment: TaskAssignment): TaskFailure {
  const message = error instanceof Error ? error.message : String(error);
  const at = error instanceof TrainerError ? error.at : NOWHERE;
  return { code: codeOf(error, message), message, ...at, stage: at.stage ?? assignment.stage };
}

function codeOf(error: unknown, message: string): string {
  if (error instanceof TrainerError) return error.code;
  if (error instanceof InvalidManifestError) return 'dataset_unreadable';
  if (error instanceof BlobMissingError) return 'blob_missing';
  if (error instanceof BlobCorruptError) return 'blob_corrupt';
  return OUT_OF_MEMORY.test(message) ? 'out_of_memory' : 'internal';
}
