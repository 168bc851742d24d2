import type { DatasetManifest, SplitName } from '../../contract/dataset-manifest.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { EncodedReader } from './encoded-reader.js';
import { PixelReader } from './pixel-reader.js';
import { type SplitFiles, splitFiles } from './split-files.js';
import type { ReaderOptions, SplitReader } from './split-reader.js';

/** @throws BlobMissingError when the store lacks a file, InvalidManifestError where one disagrees with the manifest */
export async function openSplit(
  manifest: DatasetManifest,
  split: SplitName,
  blobs: BlobStore,
  options: ReaderOptions = {},
): Promise<SplitReader> {
  return openFiles(await splitFiles(manifest, split, blobs), options);
}

/** Opens files that are on this host already: what a thread without a blob store can do. */
export function openFiles(files: SplitFiles, options: ReaderOptions = {}): SplitReader {
  return files.offsets === null
    ? PixelReader.open(files, options)
    : EncodedReader.open(files, files.offsets, options);
}
