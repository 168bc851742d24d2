import type { ManifestFacts, SplitName } from '../../contract/dataset-manifest.js';
import type { ImageSize, Rectangle } from '../../images/decode.js';
import { TrainerError } from '../errors.js';

/** Chooses the shown part of an image of this size. */
export type CropRule = (image: ImageSize) => Rectangle;

/**
 * Random access to the images of a split. They are read from the file on demand. All trainers of a host share the
 * page cache of the operating system as the only copy, and memory does not grow with the dataset.
 */
export interface SplitReader {
  readonly manifest: ManifestFacts;
  /** Indices into the classes of the manifest, in memory with two bytes per image. */
  readonly labels: Uint16Array;
  readonly count: number;
  /** Bytes of an image as the network sees it. */
  readonly imageBytes: number;
  /** Number of images that it can read at the same time. */
  readonly lanes: number;
  /**
   * Reads image `index`, uint8 [height, width, channels], into `target`.
   * @param crop for encoded images; null shows the center
   * @throws TrainerError dataset_unreadable naming split and image
   */
  readImage(index: number, target: Uint8Array, crop: CropRule | null): void | Promise<void>;
  close(): void;
}

export interface ReaderOptions {
  /** Only the first `most` images can be read. */
  readonly max?: number | undefined;
  /** Number of encoded images decoded at the same time. */
  readonly decoders?: number | undefined;
}

/** @param fault the problem of the image, as the end of a sentence */
export function unreadable(split: SplitName, index: number, fault: string): TrainerError {
  return new TrainerError(
    'dataset_unreadable',
    `image ${index} of the ${split} split ${fault}; restore the blob store, or import the dataset again`,
  );
}
