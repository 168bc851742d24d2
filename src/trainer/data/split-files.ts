import type { DatasetManifest } from '../../contract/dataset-manifest.js';
import type { BlobStore } from '../../storage/blob-store.js';

export type SplitName = 'train' | 'test';

/** Paths of a split's files on this host: plain data, for a thread without a blob store. */
export interface SplitFiles {
  readonly manifest: DatasetManifest;
  readonly split: SplitName;
  readonly images: string;
  readonly labels: string;
  /** Null where images are pixels: all are of one length. */
  readonly offsets: string | null;
}

/** @throws BlobMissingError when the store lacks one */
export async function splitFiles(
  manifest: DatasetManifest,
  split: SplitName,
  blobs: BlobStore,
): Promise<SplitFiles> {
  const { images, labels } = manifest.splits[split];
  return {
    manifest,
    split,
    images: await blobs.localPath(images),
    labels: await blobs.localPath(labels),
    offsets: manifest.storage === 'encoded' ? await blobs.localPath(manifest.splits[split].offsets) : null,
  };
}
