import { type ErrorCode, StrataError } from '../../../contract/errors.js';
import { outageOf } from '../../../contract/outages.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { receiveUpload, type UploadLimits } from '../../lifecycle/receive-upload.js';
import { openResponse } from '../../outgoing/send.js';
import { OutgoingError, type OutgoingPolicy } from '../../outgoing/target.js';

export interface FetchOptions {
  readonly blobs: BlobStore;
  readonly policy: OutgoingPolicy;
  readonly limits: UploadLimits;
  /** For everything, to the last byte. */
  readonly timeoutMs: number;
  /** Where files of built-in datasets may lie. */
  readonly folder?: string;
}

export interface Wanted {
  readonly importId: string;
  readonly url: string;
  /** In hex; null: any bytes are good. */
  readonly sha256: string | null;
}

export interface Fetched {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Why it was not fetched; the code says whether it is worth another try. */
export class FetchError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Fetches what a dataset is to be made of, under the rules for all outgoing requests, to disk as it comes.
 * @throws FetchError
 */
export async function fetchSource(
  { importId, url, sha256 }: Wanted,
  { blobs, policy, limits, timeoutMs }: FetchOptions,
  signal: AbortSignal,
): Promise<Fetched> {
  try {
    const response = await openResponse(
      url,
      policy,
      AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    );
    checkStatus(response.statusCode ?? 0, response.headers.location);
    const upload = await receiveUpload(response, blobs, limits, importId);
    if (sha256 !== null && upload.sha256 !== sha256) {
      await upload.discard();
      throw new FetchError('checksum_mismatch', `The bytes at the URL have the sha256 ${upload.sha256}.`);
    }
    await upload.keep();
    return upload;
  } catch (error) {
    throw toFetchError(error, timeoutMs);
  }
}

export function checkStatus(status: number, location: string | undefined): void {
  if (status === 200) return;
  if (status >= 300 && status < 400 && location !== undefined) {
    const message = `The URL answers ${status} with another one, which is not followed; name that: ${location}`;
    throw new FetchError('source_refused', message);
  }
  const code = status >= 500 || status === 429 ? 'source_unreachable' : 'source_refused';
  throw new FetchError(code, `The URL answers ${status}.`);
}

export function toFetchError(error: unknown, timeoutMs: number): FetchError {
  if (error instanceof FetchError) return error;
  if (error instanceof StrataError) return new FetchError(error.code, error.detail);
  const { name, message } = error as Error;
  const outage = outageOf(error);
  if (outage !== null) return new FetchError(outage, message);
  if (name === 'TimeoutError' || name === 'AbortError')
    return new FetchError(
      'source_refused',
      `The URL did not give all its bytes within ${timeoutMs / 1000} s.`,
    );
  // A private address, say, is refused at every try.
  const code =
    error instanceof OutgoingError && error.cause === undefined ? 'source_refused' : 'source_unreachable';
  return new FetchError(
    code,
    error instanceof OutgoingError ? `The URL ${message}.` : `The URL broke off: ${message}`,
  );
}
