import { InvalidManifestError } from '../../contract/dataset-manifest.js';
import { messageOf } from '../../contract/message-of.js';
import { outageOf } from '../../contract/outages.js';
import {
  type BlobUri,
  CHECKPOINT_INPUT,
  type TaskAssignment,
  type TaskFailure,
} from '../../contract/trainer-protocol.js';
import { BlobCorruptError, BlobMissingError } from '../../storage/errors.js';
import { NOWHERE, TrainerError } from '../errors.js';

/** TensorFlow has error codes only in its messages. This one is RESOURCE_EXHAUSTED. */
const OUT_OF_MEMORY = /\bOOM when allocating|RESOURCE_EXHAUSTED|Array buffer allocation failed/;

/** The error of a task as a code of the catalogue, with its place in the training. */
export function failureOf(error: unknown, assignment: TaskAssignment): TaskFailure {
  const message = messageOf(error);
  const at = error instanceof TrainerError ? error.at : NOWHERE;
  const input = isUnreadable(error) ? inputOf(error.uri, assignment) : null;
  return { code: codeOf(error, message), message, ...at, stage: at.stage ?? assignment.stage, input };
}

const isUnreadable = (error: unknown): error is BlobMissingError | BlobCorruptError =>
  error instanceof BlobMissingError || error instanceof BlobCorruptError;

/**
 * The input that cannot be read, or that refers to it: a checkpoint refers to its messages, a dataset to its
 * arrays.
 */
function inputOf(uri: BlobUri, { inputs }: TaskAssignment): string | null {
  const direct = Object.keys(inputs).find((name) => inputs[name] === uri);
  const naming = uri.startsWith('spool:') ? CHECKPOINT_INPUT : 'dataset';
  return direct ?? (inputs[naming] === undefined ? null : naming);
}

function codeOf(error: unknown, message: string): string {
  if (error instanceof TrainerError) return error.code;
  if (error instanceof InvalidManifestError) return 'dataset_unreadable';
  if (error instanceof BlobMissingError) return 'blob_missing';
  if (error instanceof BlobCorruptError) return 'blob_corrupt';
  const outage = outageOf(error);
  if (outage !== null) return outage;
  return OUT_OF_MEMORY.test(message) ? 'out_of_memory' : 'internal';
}
