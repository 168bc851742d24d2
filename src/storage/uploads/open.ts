import { parseBlobUrl } from '../../contract/blob-url.js';
import { folderPlace } from './folder-place.js';
import type { UploadPlace } from './upload-place.js';

/**
 * Uploads in pieces gather in the bucket where the blobs are in one, so that every API can go on with each of them; else in a
 * folder of this API.
 * @param folder of this host, for uploads or for copies of them
 * @throws RangeError for an invalid URL
 */
export async function openUploadPlace(blobUrl: string | undefined, folder: string): Promise<UploadPlace> {
  const place = blobUrl === undefined ? null : parseBlobUrl(blobUrl);
  if (place?.kind !== 's3') return folderPlace(folder);
  const { bucketPlace } = await import('../s3/upload-place.js');
  return bucketPlace(place, folder);
}
