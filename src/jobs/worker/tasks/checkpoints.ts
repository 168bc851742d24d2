import type { BlobUri } from '../../../contract/trainer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';

/** An attempt's checkpoints: no other attempt's bytes are the same, so one that is replaced can go at once. */
export class Checkpoints {
  constructor(
    private readonly blobs: BlobStore,
    private current: BlobUri | null,
  ) {}

  /** The table names `next` now, or none. What cannot be deleted here, garbage collection deletes. */
  async replacedBy(next: BlobUri | null): Promise<void> {
    const old = this.current;
    this.current = next;
    if (old !== null && old !== next) await this.blobs.deleteBlob(old).catch(() => undefined);
  }
}
