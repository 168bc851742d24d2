import { stat } from 'node:fs/promises';
import { blobsOf, decodeManifest } from '../../../contract/dataset-manifest.js';
import type { BlobUri } from '../../../contract/trainer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { BlobCorruptError } from '../../../storage/errors.js';
import type { TaskContext } from '../context.js';

/**
 * The arrays of the dataset, which a task reads at random offsets. They are checked before it starts. Whenever it
 * stores a result, it checks that they are still the same files, because a changed file may have contained other
 * images.
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
      // Another file in the same place: the one that was read was damaged.
      if ((await fileOf(this.blobs, uri)) !== file) throw new BlobCorruptError(uri);
    }
  }
}

async function fileOf(blobs: BlobStore, uri: BlobUri): Promise<number> {
  return (await stat(await blobs.localPath(uri))).ino;
}
