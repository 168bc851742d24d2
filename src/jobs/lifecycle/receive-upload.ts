import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReceivedUpload } from '../../contract/client/datasets.js';
import { StrataError } from '../../contract/errors.js';
import type { BlobStore, SpoolDraft } from '../../storage/blob-store.js';
import { requireRoom } from '../../storage/disk.js';
import { newId } from '../store/ids.js';

/** An upload on disk that no dataset owns yet. */
export class StoredUpload<Hash extends string | null = string | null> implements ReceivedUpload {
  constructor(
    readonly importId: string,
    readonly sha256: Hash,
    readonly sizeBytes: number,
    private readonly draft: SpoolDraft,
    /** The upload in pieces that it was, whose bytes are counted already; null where it came at once. */
    readonly adopted: string | null = null,
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
  /** Makes the error for a stream above the limit. Absent: the limit is that of every upload. */
  readonly refuse?: ((limitBytes: number) => Error) | undefined;
}

/**
 * Writes a stream to disk as it comes, with its sha256. A stream that ends early, is too long or would fill the disk leaves
 * nothing.
 * @throws StrataError upload_too_large, storage_full, the error of `refuse`, and whatever the stream ends with
 */
export async function receiveUpload(
  bytes: AsyncIterable<Uint8Array>,
  blobs: BlobStore,
  { limitBytes, reserveBytes, refuse = tooLarge }: UploadLimits,
  importId = newId('import'),
): Promise<StoredUpload<string>> {
  const draft = await blobs.createSpool(`${importId}/source`);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let nextLook = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) return done(refuse(limitBytes));
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

/** Codes of a file system that is another one, or has no links. */
const ANOTHER_FILE_SYSTEM = ['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'];

/**
 * Gives a file that lies on the disk a second name, by which it is an upload: nothing is copied, however large it is, unless
 * it lies on another file system than the blobs.
 */
export async function adoptUpload(
  path: string,
  blobs: BlobStore,
  id: string | null = null,
): Promise<StoredUpload> {
  const importId = newId('import');
  const draft = await blobs.createSpool(`${importId}/source`);
  try {
    await link(path, draft.path);
  } catch (error) {
    if (!ANOTHER_FILE_SYSTEM.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await copyFile(path, draft.path, constants.COPYFILE_FICLONE);
  }
  const { size } = await stat(draft.path);
  return new StoredUpload(importId, null, size, draft, id);
}

export function tooLarge(limitBytes: number): StrataError {
  return new StrataError('upload_too_large', `The limit is ${limitBytes} bytes.`);
}

/** The upload behind what a caller holds. @throws Error for anything that `receiveUpload` and `adoptUpload` have not made */
export function storedUpload(upload: ReceivedUpload): StoredUpload {
  if (!(upload instanceof StoredUpload)) throw new Error('an upload must come from receiveUpload');
  return upload;
}
