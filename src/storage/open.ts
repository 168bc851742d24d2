import { fileURLToPath } from 'node:url';
import type { BlobStore } from './blob-store.js';
import { createFolderStore } from './folder-store.js';

/**
 * @param blobUrl `file:///path/of/a/folder`
 * @throws RangeError for an unknown kind of storage
 */
export function openBlobStore(blobUrl: string): BlobStore {
  const url = new URL(blobUrl);
  if (url.protocol === 'file:') return createFolderStore(fileURLToPath(url));
  throw new RangeError(`BLOB_URL ${blobUrl} is not supported; use file:///path/of/a/folder`);
}
