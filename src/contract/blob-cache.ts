/** Copies of blobs on a host, of a store that is not a folder. */
export interface BlobCache {
  readonly folder: string;
  readonly maxBytes: number;
}

export const DEFAULT_CACHE_MB = 10_000;

const FOLDER = 'STRATA_BLOB_CACHE';
const MEGABYTES = 'STRATA_BLOB_CACHE_MB';

/** Variables by which a worker tells its child processes about the cache that they share. */
export function cacheVariables({ folder, maxBytes }: BlobCache): Record<string, string> {
  return { [FOLDER]: folder, [MEGABYTES]: String(maxBytes / 1e6) };
}

/** The cache that a worker has named; null where it named none. */
export function cacheFrom(env: Readonly<Record<string, string | undefined>>): BlobCache | null {
  const folder = env[FOLDER];
  if (!folder) return null;
  return { folder, maxBytes: Number(env[MEGABYTES] ?? DEFAULT_CACHE_MB) * 1e6 };
}
