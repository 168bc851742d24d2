import { stat } from 'node:fs/promises';
import { blobsOf, decodeManifest } from '../../../contract/dataset-manifest.js';
import type { BlobUri } from '../../../contract/trainer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { BlobCorruptError } from '../../../storage/errors.js';
import type { TaskContext } from '../context.js';

/**
 * The data set's arrays, which a task reads at random offsets: checked before it begins, and found to be the same files
 * whenever it hands something on. What was made while one of them changed may be made of other images.
 */
export class Sources {
  private constructor(
    private readonly blobs: BlobStore,
    private readonly files: ReadonlyMap<BlobUri, number>,
  ) {}

  /** @throws BlobMissingError, BlobCorruptError */
  static async open({ assignment: { inputs }, blobs }: TaskContext): Promise<Sources> {
    const files = new Map<BlobUri, number>();
    if (inputs.dataset) {
      const manifest = decodeManifest(await blobs.get(inputs.dataset));
      for (const uri of blobsOf(manifest)) files.set(uri, await fileOf(blobs, uri));
    }
    return new Sources(blobs, files);
  }

  /** @throws BlobMissingError, BlobCorruptError */
  async confirm(): Promise<void> {
    for (const [uri, file] of this.files) {
      // Another file in its place: the one that was read was found damaged.
      if ((await fileOf(this.blobs, uri)) !== file) throw new BlobCorruptError(uri);
    }
  }
}

async function fileOf(blobs: BlobStore, uri: BlobUri): Promise<number> {
  return (await stat(await blobs.localPath(uri))).ino;
}
