import type { OutageCode } from '../contract/outages.js';
import type { BlobUri } from '../contract/trainer-protocol.js';

/** The uri has no file: it was never written, or it was deleted. */
export class BlobMissingError extends Error {
  constructor(readonly uri: BlobUri) {
    super(`${uri} does not exist`);
    this.name = 'BlobMissingError';
  }
}

/**
 * The stored bytes differ from the written ones: they do not match the sha256 in the uri, or a check inside the
 * file fails.
 */
export class BlobCorruptError extends Error {
  constructor(readonly uri: BlobUri) {
    super(`the bytes of ${uri} do not match its checksum; the storage is damaged`);
    this.name = 'BlobCorruptError';
  }
}

/** The store as a whole cannot be used now: work that needs it waits. */
export class BlobStoreError extends Error {
  constructor(
    readonly code: OutageCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'BlobStoreError';
  }
}
