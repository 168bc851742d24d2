import type { BlobUri } from '../../../contract/trainer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';

/**
 * Checkpoints of an attempt. No other attempt has the same bytes, so a replaced checkpoint can be deleted at once.
 */
export class Checkpoints {
  constructor(
    private readonly blobs: BlobStore,
    private current: BlobUri | null,
  ) {}

  /**
   * Deletes the previous checkpoint after the table refers to `next`, or to none. Garbage collection deletes what
   * cannot be deleted here.
   */
  async replacedBy(next: BlobUri | null): Promise<void> {
    const old = this.current;
    this.current = next;
    if (old !== null && old !== next) await this.blobs.deleteBlob(old).catch(() => undefined);
  }
}
