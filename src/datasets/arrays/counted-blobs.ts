import type { BlobStore } from '../../storage/blob-store.js';

/** The part of a blob store that writes, which adds up the sizes of different blobs. */
export class CountedBlobs implements Pick<BlobStore, 'put' | 'adopt'> {
  readonly #sizes = new Map<string, number>();

  constructor(private readonly blobs: Pick<BlobStore, 'put' | 'adopt'>) {}

  get sizeBytes(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  async put(bytes: Uint8Array) {
    return this.#count(await this.blobs.put(bytes));
  }

  async adopt(path: string, sha256: string) {
    return this.#count(await this.blobs.adopt(path, sha256));
  }

  #count<T extends { readonly uri: string; readonly size_bytes: number }>(blob: T): T {
    this.#sizes.set(blob.uri, blob.size_bytes);
    return blob;
  }
}
