import { parseBlobUrl } from '../../contract/blob-url.js';

/** Backups copy folders. @throws Error with the way for a bucket */
export function requireFolder(blobUrl: string): void {
  if (parseBlobUrl(blobUrl).kind === 'folder') return;
  throw new Error(
    'BLOB_URL names a bucket, which this command does not copy. Back up Postgres with pg_dump first, then copy or replicate the bucket with its own tools (docs/operating.md, "Back-up and restore").',
  );
}
