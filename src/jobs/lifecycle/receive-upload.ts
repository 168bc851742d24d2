import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReceivedUpload } from '../../contract/client/datasets.js';
import { StrataError } from '../../contract/errors.js';
import type { BlobStore, SpoolDraft } from '../../storage/blob-store.js';
import { newId } from '../store/ids.js';

/** An upload on disk that no dataset owns yet. */
export class StoredUpload implements ReceivedUpload {
  constructor(
    readonly importId: string,
    readonly sha256: string,
    readonly sizeBytes: number,
    private readonly draft: SpoolDraft,
  ) {}

  /** Gives it its place; from now on it is deleted with the import. */
  async keep() {
    return this.draft.commit();
  }

  async discard(): Promise<void> {
    await this.draft.discard();
  }
}

/**
 * Writes a stream to disk as it comes, with its sha256. What ends early or is too long leaves nothing.
 * @throws StrataError upload_too_large, and whatever the stream ends with
 */
export async function receiveUpload(
  bytes: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
  limitBytes: number,
  importId = newId('import'),
): Promise<StoredUpload> {
  const draft = await blobs.createSpool(`${importId}/source`);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) return done(tooLarge(limitBytes));
      hash.update(chunk);
      done(null, chunk);
    },
  });
  // Opened before anything can fail: a stream that opens it itself could create it after it was discarded.
  const file = await open(draft.path, 'wx');
  try {
    await pipeline(Readable.from(bytes, { objectMode: false }), measure, file.createWriteStream());
  } catch (error) {
    await draft.discard();
    throw error;
  }
  return new StoredUpload(importId, hash.digest('hex'), sizeBytes, draft);
}

export function tooLarge(limitBytes: number): StrataError {
  return new StrataError('upload_too_large', `At most ${limitBytes} bytes are taken.`);
}
