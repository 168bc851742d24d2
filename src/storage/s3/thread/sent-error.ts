import { messageOf } from '../../../contract/message-of.js';
import { outageOf } from '../../../contract/outages.js';
import type { BlobUri } from '../../../contract/trainer-protocol.js';
import { BlobCorruptError, BlobMissingError, BlobStoreError } from '../../errors.js';

/** An error on its way between threads, which keeps no classes. */
export interface SentError {
  readonly kind: 'missing' | 'corrupt' | 'outage' | 'other';
  readonly message: string;
  readonly uri?: BlobUri;
  readonly code?: string;
}

export function toSent(error: unknown): SentError {
  const message = messageOf(error);
  if (error instanceof BlobMissingError) return { kind: 'missing', message, uri: error.uri };
  if (error instanceof BlobCorruptError) return { kind: 'corrupt', message, uri: error.uri };
  const code = outageOf(error);
  return code === null ? { kind: 'other', message } : { kind: 'outage', message, code };
}

/** The same error: of the same class and code, so that tasks end with it in the same way. */
export function fromSent({ kind, message, uri, code }: SentError): Error {
  if (kind === 'missing' && uri) return new BlobMissingError(uri);
  if (kind === 'corrupt' && uri) return new BlobCorruptError(uri);
  const outage = outageOf({ code });
  return outage === null ? new Error(message) : new BlobStoreError(outage, message);
}
