import { type DatasetManifest, type SplitName, splitOf } from '../../contract/dataset-manifest.js';
import type { BlobStore } from '../../storage/blob-store.js';

/** Paths of the files of a split on this host: plain data, for a thread without a blob store. */
export interface SplitFiles {
  readonly manifest: DatasetManifest;
  readonly split: SplitName;
  readonly images: string;
  readonly labels: string;
  /** Null if images are stored as pixels, which all have the same length. */
  readonly offsets: string | null;
}

/** @throws BlobMissingError if a file is missing, InvalidManifestError if the dataset has no such split */
export async function splitFiles(
  manifest: DatasetManifest,
  split: SplitName,
  blobs: BlobStore,
): Promise<SplitFiles> {
  const files = splitOf(manifest, split);
  return {
    manifest,
    split,
    images: await blobs.localPath(files.images),
    labels: await blobs.localPath(files.labels),
    offsets: 'offsets' in files ? await blobs.localPath(files.offsets) : null,
  };
}
