import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReceivedUpload } from '../../contract/client/datasets.js';
import { StrataError } from '../../contract/errors.js';
import type { BlobStore, SpoolDraft } from '../../storage/blob-store.js';
import { requireRoom } from '../../storage/disk.js';
import { newId } from '../store/ids.js';

/** An upload on disk that belongs to no dataset yet. */
export class StoredUpload implements ReceivedUpload {
  constructor(
    readonly importId: string,
    readonly sha256: string,
    readonly sizeBytes: number,
    private readonly draft: SpoolDraft,
  ) {}

  /** Moves the upload to its place. From now on it is deleted together with the import. */
  async keep() {
    return this.draft.commit();
  }

  async discard(): Promise<void> {
    await this.draft.discard();
  }
}

/** The disk is looked at again after so many bytes: others write to it meanwhile. */
const LOOK_BYTES = 16 << 20;

export interface UploadLimits {
  readonly limitBytes: number;
  /** Bytes that uploads leave free on the disk. Absent: a share of it. */
  readonly reserveBytes?: number | undefined;
}

/**
 * Writes a stream to disk as it comes, with its sha256. A stream that ends early, is too long or would fill the disk leaves
 * nothing.
 * @throws StrataError upload_too_large, storage_full, and whatever the stream ends with
 */
export async function receiveUpload(
  bytes: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
  { limitBytes, reserveBytes }: UploadLimits,
  importId = newId('import'),
): Promise<StoredUpload> {
  const draft = await blobs.createSpool(`${importId}/source`);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let nextLook = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) return done(tooLarge(limitBytes));
      hash.update(chunk);
      if (sizeBytes < nextLook) return done(null, chunk);
      nextLook = sizeBytes + LOOK_BYTES;
      requireRoom(dirname(draft.path), LOOK_BYTES, reserveBytes).then(() => done(null, chunk), done);
    },
  });
  // Opened before anything can fail: a stream that opens the file itself could create it after `discard`.
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
  return new StrataError('upload_too_large', `The limit is ${limitBytes} bytes.`);
}
