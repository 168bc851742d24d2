import type { MessagePort } from 'node:worker_threads';
import type { BlobCache } from '../../../contract/blob-cache.js';
import type { S3Place } from '../../../contract/blob-url.js';
import type { BlobUri, TaskOutput } from '../../../contract/trainer-protocol.js';
import type { BlobStore } from '../../blob-store.js';
import type { SentError } from './sent-error.js';

/** Facts that the thread starts with. */
export interface ThreadData {
  readonly place: S3Place;
  readonly cache: BlobCache;
}

/** Methods that the thread runs as they are. */
export type PlainMethod = Exclude<
  keyof BlobStore,
  'get' | 'openArriving' | 'fetchAhead' | 'createSpool' | 'blobsUntouchedSince'
>;

export type DraftMethod = 'keep' | 'commit' | 'discard';

/** A number per request; the answer has the same one. */
export type Order = { readonly id: number } & (
  | { readonly method: PlainMethod; readonly args: readonly unknown[] }
  | { readonly method: 'createSpool'; readonly key: string; readonly beginning: TaskOutput | undefined }
  | { readonly method: DraftMethod; readonly draft: number }
  | {
      readonly method: 'openArriving';
      readonly uri: BlobUri;
      readonly arrived: BigInt64Array;
      /** Takes the error of a copy that fails. */
      readonly failures: MessagePort;
    }
);

/** News of a draft, without an answer. */
export interface Appended {
  readonly method: 'appended';
  readonly draft: number;
}

export interface OpenedDraft {
  readonly draft: number;
  readonly path: string;
}

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: SentError };

/** Values of `arrived` beside numbers of bytes: all of them, and a copy that failed. */
export const ALL = BigInt(Number.MAX_SAFE_INTEGER);
export const FAILED = -1n;
