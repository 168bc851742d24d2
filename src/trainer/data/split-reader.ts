import type { ManifestFacts, SplitName } from '../../contract/dataset-manifest.js';
import type { ImageSize, Rectangle } from '../../images/decode.js';
import { TrainerError } from '../errors.js';

/** Chooses the part of an image to show, by its size. */
export type CropRule = (image: ImageSize) => Rectangle;

/**
 * Random access to one split's images. They are read from their file as they are needed: the operating system's page
 * cache is the one copy all trainers of a host share, and memory does not grow with the dataset.
 */
export interface SplitReader {
  readonly manifest: ManifestFacts;
  /** Indices of the manifest's classes; two bytes an image, held. */
  readonly labels: Uint16Array;
  readonly count: number;
  /** Bytes of an image as the network sees it. */
  readonly imageBytes: number;
  /** Images it can read at the same time. */
  readonly lanes: number;
  /**
   * Reads image `index`, uint8 [height, width, channels], into `target`.
   * @param crop of encoded images: null shows their centre
   * @throws TrainerError dataset_unreadable naming split and image
   */
  readImage(index: number, target: Uint8Array, crop: CropRule | null): void | Promise<void>;
  close(): void;
}

export interface ReaderOptions {
  /** Only the first so many images can be read. */
  readonly most?: number | undefined;
  /** Encoded images decoded at the same time. */
  readonly decoders?: number | undefined;
}

/** @param fault what is wrong with the image, as the end of a sentence about it */
export function unreadable(split: SplitName, index: number, fault: string): TrainerError {
  return new TrainerError(
    'dataset_unreadable',
    `image ${index} of the ${split} split ${fault}; restore the blob store, or import the dataset again`,
  );
}
