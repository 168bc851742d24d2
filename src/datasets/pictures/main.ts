import { constants, setPriority } from 'node:os';
import type { PicturesAssignment } from '../../contract/batch-protocol.js';
import { cacheFrom } from '../../contract/blob-cache.js';
import type { EvaluationFailure, FromEvaluator, ToEvaluator } from '../../contract/evaluator-protocol.js';
import { messageOf } from '../../contract/message-of.js';
import { outageOf } from '../../contract/outages.js';
import { BlobMissingError } from '../../storage/errors.js';
import { openBlobStore } from '../../storage/open.js';
import { ImportError, readable } from '../problems.js';
import { unpackPictures } from './unpack.js';

/** The process that unpacks the pictures of one batch prediction. It speaks as an evaluator does. */
const PROGRESS_MS = 250;
/** Training has priority for the processor. */
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const blobs = openBlobStore(process.env.STRATA_BLOB_URL ?? '', cacheFrom(process.env));
const send = (message: FromEvaluator): void => {
  // If the worker is gone, nobody needs the answer.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

process.once('message', async ({ assignment }: ToEvaluator) => {
  try {
    if (assignment.kind !== 'pictures') throw new Error('this process only unpacks pictures');
    send({ type: 'succeeded', success: await unpack(assignment) });
  } catch (error) {
    send({ type: 'failed', failure: failureOf(error) });
  }
});
process.once('disconnect', () => process.exit());
send({ type: 'ready' });

async function unpack(assignment: PicturesAssignment) {
  const folder = await blobs.createWorkFolder(assignment.work);
  let told = 0;
  const onProgress = (images: number): void => {
    if (performance.now() < told + PROGRESS_MS) return;
    told = performance.now();
    send({ type: 'progress', images });
  };
  return unpackPictures(assignment, { blobs, folder, onProgress });
}

function failureOf(error: unknown): EvaluationFailure {
  const message = messageOf(error);
  if (error instanceof ImportError) {
    const where = error.file === null ? '' : `${readable(error.file)}: `;
    return { code: error.code, message: `${where}${message}` };
  }
  const code = error instanceof BlobMissingError ? 'blob_missing' : (outageOf(error) ?? 'internal');
  return { code, message };
}
