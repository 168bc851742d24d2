import { setPriority } from 'node:os';
import { cacheFrom } from '../../contract/blob-cache.js';
import type { BlobUri } from '../../contract/blob-uri.js';
import { InvalidManifestError } from '../../contract/dataset-manifest.js';
import type { EvaluationFailure, FromEvaluator, ToEvaluator } from '../../contract/evaluator-protocol.js';
import { messageOf } from '../../contract/message-of.js';
import { outageOf } from '../../contract/outages.js';
import { BlobCorruptError, BlobMissingError } from '../../storage/errors.js';
import { openBlobStore } from '../../storage/open.js';
import type { Answerer } from '../answerer.js';
import { predictImages } from '../batch/run.js';
import { PredictionFailure } from '../failure.js';
import { loadAnswerer } from '../onnx.js';
import { Sessions } from '../sessions.js';
import { runAssignment } from './run.js';

/**
 * The evaluator process: works on one part of an evaluation or of a batch prediction at a time, until the channel closes. It
 * knows no server and no tenant. It takes only the processor time that trainers and predictors leave.
 */
const LOWEST_PRIORITY = 19;
setPriority(LOWEST_PRIORITY);
const blobs = openBlobStore(process.env.STRATA_BLOB_URL ?? '', cacheFrom(process.env));
const threads = Number(process.env.STRATA_THREADS ?? 1);
const maxBytes = Number(process.env.STRATA_PREDICTOR_MB ?? 0) * 2 ** 20;
const sessions = new Sessions<Answerer>((uri) => loadAnswerer(blobs, uri as BlobUri, threads), maxBytes);

const send = (message: FromEvaluator): void => {
  // If the worker is gone, nobody needs the answer.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

function failureOf(error: unknown): EvaluationFailure {
  const message = messageOf(error);
  if (error instanceof PredictionFailure)
    return { code: error.code, message: `image ${error.index}: ${message}` };
  if (error instanceof BlobMissingError) return { code: 'blob_missing', message };
  if (error instanceof BlobCorruptError || error instanceof InvalidManifestError)
    return { code: 'blob_corrupt', message };
  return { code: outageOf(error) ?? 'internal', message };
}

process.on('message', async ({ assignment }: ToEvaluator) => {
  try {
    const onProgress = (images: number) => send({ type: 'progress', images });
    const parts = { blobs, sessions, onProgress };
    if (assignment.kind === 'pictures') throw new Error('uploads are unpacked by a process of their own');
    const success =
      assignment.kind === 'predictions'
        ? await predictImages(parts, assignment)
        : await runAssignment(parts, assignment);
    send({ type: 'succeeded', success });
  } catch (error) {
    send({ type: 'failed', failure: failureOf(error) });
  }
});
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
