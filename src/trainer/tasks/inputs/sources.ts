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
    private readonly generations: ReadonlyMap<BlobUri, string>,
  ) {}

  /** @throws BlobMissingError, BlobCorruptError */
  static async open({ assignment: { inputs }, blobs }: TaskContext): Promise<Sources> {
    const generations = new Map<BlobUri, string>();
    if (inputs.dataset) {
      const manifest = decodeManifest(await blobs.get(inputs.dataset));
      for (const uri of blobsOf(manifest)) generations.set(uri, await blobs.generation(uri));
    }
    return new Sources(blobs, generations);
  }

  /** @throws BlobMissingError, BlobCorruptError */
  async confirm(): Promise<void> {
    for (const [uri, generation] of this.generations) {
      // Another file in the same place: the one that was read was damaged.
      if ((await this.blobs.generation(uri)) !== generation) throw new BlobCorruptError(uri);
    }
  }
}
