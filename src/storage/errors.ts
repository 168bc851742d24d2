import type { BlobUri } from '../contract/trainer-protocol.js';

/** Nothing lies under the uri: it was never written, or it was deleted. */
export class BlobMissingError extends Error {
  constructor(readonly uri: BlobUri) {
    super(`${uri} does not exist`);
    this.name = 'BlobMissingError';
  }
}

/** The bytes are not those that were written: not those the uri's sha256 names, or not those of a check among them. */
export class BlobCorruptError extends Error {
  constructor(readonly uri: BlobUri) {
    super(`${uri} holds other bytes than its checksum says; the storage is damaged`);
    this.name = 'BlobCorruptError';
  }
}
