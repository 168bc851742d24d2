import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { DatasetManifest } from '../../contract/dataset-manifest.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { TrainerError } from '../errors.js';

/** Paths of a split's array files on this host. */
export interface SplitFiles {
  readonly manifest: DatasetManifest;
  readonly images: string;
  readonly labels: string;
}

/** @throws BlobMissingError when the store lacks an array */
export async function splitFiles(
  manifest: DatasetManifest,
  split: 'train' | 'test',
  blobs: BlobStore,
): Promise<SplitFiles> {
  if (manifest.storage === 'encoded')
    throw new TrainerError('dataset_unreadable', 'this trainer reads decoded images only');
  const { images, labels } = manifest.splits[split];
  return { manifest, images: await blobs.localPath(images), labels: await blobs.localPath(labels) };
}

/**
 * Random access to one split's images. Images are read from the array file as they are needed: the operating
 * system's page cache is the one copy all trainers of a host share. Labels, two bytes each, are held.
 */
export class SplitReader {
  readonly #file: number;
  readonly #imageBytes: number;

  private constructor(
    path: string,
    readonly labels: Uint16Array,
    readonly manifest: DatasetManifest,
  ) {
    this.#file = openSync(path, 'r');
    const { height, width, channels } = manifest.image;
    this.#imageBytes = height * width * channels;
  }

  /**
   * @param most only the first so many images can be read
   * @throws BlobMissingError when the store lacks an array
   */
  static async open(
    manifest: DatasetManifest,
    split: 'train' | 'test',
    blobs: BlobStore,
    most = Number.POSITIVE_INFINITY,
  ): Promise<SplitReader> {
    return SplitReader.openFiles(await splitFiles(manifest, split, blobs), most);
  }

  /** Opens array files that are there already: what a thread without a blob store can do. */
  static openFiles({ manifest, images, labels }: SplitFiles, most = Number.POSITIVE_INFINITY): SplitReader {
    const bytes = readFileSync(labels);
    const values = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    return new SplitReader(images, values.subarray(0, most), manifest);
  }

  get count(): number {
    return this.labels.length;
  }

  get imageBytes(): number {
    return this.#imageBytes;
  }

  /** Reads image `index`, uint8 [height, width, channels], into `target`. */
  readImage(index: number, target: Uint8Array): void {
    const read = readSync(this.#file, target, 0, this.#imageBytes, index * this.#imageBytes);
    if (read !== this.#imageBytes)
      throw new TrainerError('dataset_unreadable', `image ${index} is cut short`);
  }

  close(): void {
    closeSync(this.#file);
  }
}
