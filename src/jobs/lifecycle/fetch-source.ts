import { type ErrorCode, StrataError } from '../../contract/errors.js';
import { outageOf } from '../../contract/outages.js';
import { within } from '../../contract/within.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { openResponse } from '../outgoing/send.js';
import { OutgoingError, type OutgoingPolicy } from '../outgoing/target.js';
import { receiveUpload, type UploadLimits } from './receive-upload.js';

export interface FetchOptions {
  readonly blobs: BlobStore;
  readonly policy: OutgoingPolicy;
  readonly limits: UploadLimits;
  /** Limit for the whole download, to the last byte. */
  readonly timeoutMs: number;
  /** Folder with files of built-in datasets. */
  readonly folder?: string;
}

export interface Wanted {
  readonly importId: string;
  readonly url: string;
  /** Expected checksum in hex; null: unknown. */
  readonly sha256: string | null;
}

export interface Fetched {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Reason for a failed download. The code decides about a retry. */
export class FetchError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** Downloads the source of a dataset to disk, by the rules for all outgoing requests. @throws FetchError */
export async function fetchSource(
  { importId, url, sha256 }: Wanted,
  { blobs, policy, limits, timeoutMs }: FetchOptions,
  signal: AbortSignal,
): Promise<Fetched> {
  try {
    const response = await openResponse(url, policy, within(timeoutMs, signal));
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
    const message = `The URL answers ${status} with a redirect, which is not followed. Use its target instead: ${location}`;
    throw new FetchError('source_refused', message);
  }
  const code = status >= 500 || status === 429 ? 'source_unreachable' : 'source_refused';
  throw new FetchError(code, `The URL answers ${status}.`);
}

export function toFetchError(error: unknown, timeoutMs: number): FetchError {
  if (error instanceof FetchError) return error;
  if (error instanceof StrataError) return new FetchError(error.code, error.detail);
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const outage = outageOf(error);
  if (outage !== null) return new FetchError(outage, message);
  if (name === 'TimeoutError' || name === 'AbortError')
    return new FetchError(
      'source_refused',
      `The download from the URL did not finish within ${timeoutMs / 1000} s.`,
    );
  // Errors without a cause, like a private address, would repeat at every retry.
  const code =
    error instanceof OutgoingError && error.cause === undefined ? 'source_refused' : 'source_unreachable';
  return new FetchError(
    code,
    error instanceof OutgoingError
      ? `The URL ${message}.`
      : `The download from the URL was interrupted: ${message}`,
  );
}
