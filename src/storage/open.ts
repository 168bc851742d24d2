import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BlobCache, DEFAULT_CACHE_MB } from '../contract/blob-cache.js';
import { parseBlobUrl } from '../contract/blob-url.js';
import { messageOf } from '../contract/message-of.js';
import type { BlobStore } from './blob-store.js';
import { createFolderStore } from './folder-store.js';
import { lazyStore } from './lazy-store.js';
import { LocalCache } from './local-cache.js';
import { ThreadedStore } from './s3/thread/threaded-store.js';

/** Cache of the programs that name none. */
const SHARED_CACHE: BlobCache = {
  folder: join(tmpdir(), 'strata-blob-cache'),
  maxBytes: DEFAULT_CACHE_MB * 1e6,
};

/**
 * @param blobUrl see parseBlobUrl
 * @param cache copies of blobs on this host; a folder needs none
 * @param computes whether this thread computes for long: then a bucket's requests run in another one
 * @throws RangeError for an invalid URL
 */
export function openBlobStore(
  blobUrl: string,
  cache: BlobCache | null = null,
  { computes = false }: { readonly computes?: boolean } = {},
): BlobStore {
  const place = placeOf(blobUrl);
  if (place.kind === 'folder') return createFolderStore(fileURLToPath(place.url));
  if (computes) return new ThreadedStore({ place, cache: cache ?? SHARED_CACHE });
  return lazyStore(async () => {
    const [{ S3Store }, { connect }] = await Promise.all([
      import('./s3/s3-store.js'),
      import('./s3/connection.js'),
    ]);
    return new S3Store(connect(place), new LocalCache(cache ?? SHARED_CACHE));
  });
}

function placeOf(blobUrl: string) {
  try {
    return parseBlobUrl(blobUrl);
  } catch (error) {
    throw new RangeError(`BLOB_URL ${messageOf(error)}`);
  }
}
