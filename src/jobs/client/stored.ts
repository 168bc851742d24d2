import { InvalidManifestError } from '../../contract/dataset-manifest.js';
import { StrataError } from '../../contract/errors.js';
import { InvalidPredictionsError } from '../../contract/test-predictions.js';
import { BlobCorruptError, BlobMissingError } from '../../storage/errors.js';

/** Errors of a file that is not what was written. */
const CORRUPT = [BlobCorruptError, InvalidManifestError, InvalidPredictionsError];

/** Runs a read of stored bytes. @param name of the file, for the error. @throws StrataError blob_missing, blob_corrupt */
export async function readStored<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof BlobMissingError)
      throw new StrataError('blob_missing', `The stored bytes of ${name} are missing.`, { cause: error });
    if (CORRUPT.some((kind) => error instanceof kind))
      throw new StrataError('blob_corrupt', `The stored bytes of ${name} are damaged.`, { cause: error });
    throw error;
  }
}
