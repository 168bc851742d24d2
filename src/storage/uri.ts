import type { BlobUri } from '../contract/trainer-protocol.js';

export type Address = { readonly kind: 'blob'; readonly sha256: string } | SpoolAddress;
export interface SpoolAddress {
  readonly kind: 'spool';
  readonly key: string;
}

const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** @throws RangeError for an invalid uri, so that no such text becomes part of a file path */
export function parseUri(uri: BlobUri): Address {
  if (uri.startsWith('sha256:')) {
    const sha256 = uri.slice('sha256:'.length);
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError(`malformed blob uri ${uri}`);
    return { kind: 'blob', sha256 };
  }
  if (uri.startsWith('spool:')) return { kind: 'spool', key: checkSpoolKey(uri.slice('spool:'.length)) };
  throw new RangeError(`unknown kind of uri ${uri}`);
}

/** @throws RangeError if a segment of the key could lead out of the spool folder */
export function checkSpoolKey(key: string): string {
  if (!key.split('/').every((segment) => SEGMENT.test(segment)))
    throw new RangeError(`invalid spool key ${key}`);
  return key;
}

/**
 * A prefix of spool keys: whole segments, then possibly the beginning of another. `job/` and `job/task-a` are both
 * valid. @throws RangeError for one that could leave the spool folder, or that would match every job
 */
export function checkSpoolPrefix(prefix: string): { readonly folder: string; readonly beginning: string } {
  const segments = prefix.split('/');
  const beginning = segments.pop() ?? '';
  if (segments.length === 0)
    throw new RangeError(`a spool prefix must begin with a job, as in job/: ${prefix}`);
  if (beginning !== '') checkSpoolKey(beginning);
  return { folder: checkSpoolKey(segments.join('/')), beginning };
}
