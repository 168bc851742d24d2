import type { DatasetManifest, SplitName } from '../../contract/dataset-manifest.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { EncodedReader } from './encoded-reader.js';
import { PixelReader } from './pixel-reader.js';
import { type SplitFiles, splitFiles } from './split-files.js';
import type { ReaderOptions, SplitReader } from './split-reader.js';

/** @throws BlobMissingError if a file is missing, InvalidManifestError if a file disagrees with the manifest */
export async function openSplit(
  manifest: DatasetManifest,
  split: SplitName,
  blobs: BlobStore,
  options: ReaderOptions = {},
): Promise<SplitReader> {
  return openFiles(await splitFiles(manifest, split, blobs), options);
}

/** Opens files that are on this host already, for a thread without a blob store. */
export function openFiles(files: SplitFiles, options: ReaderOptions = {}): SplitReader {
  return files.offsets === null
    ? PixelReader.open(files, options)
    : EncodedReader.open(files, files.offsets, options);
}
