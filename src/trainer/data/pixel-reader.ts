import { closeSync, openSync, readSync } from 'node:fs';
import type { DatasetManifest, SplitName } from '../../contract/dataset-manifest.js';
import { readLabels } from './labels.js';
import type { SplitFiles } from './split-files.js';
import { type CropRule, type ReaderOptions, type SplitReader, unreadable } from './split-reader.js';

/** Reads images that are stored as decoded pixels of one size. */
export class PixelReader implements SplitReader {
  readonly lanes = 1;
  readonly imageBytes: number;

  private constructor(
    private readonly file: number,
    readonly labels: Uint16Array,
    readonly manifest: DatasetManifest,
    private readonly split: SplitName,
  ) {
    const { height, width, channels } = manifest.image;
    this.imageBytes = height * width * channels;
  }

  static open(files: SplitFiles, { max = Number.POSITIVE_INFINITY }: ReaderOptions): PixelReader {
    const labels = readLabels(files, max);
    return new PixelReader(openSync(files.images, 'r'), labels, files.manifest, files.split);
  }

  get count(): number {
    return this.labels.length;
  }

  readImage(index: number, target: Uint8Array, crop: CropRule | null): void {
    if (crop)
      throw unreadable(this.split, index, 'is stored as pixels of a fixed size, which cannot be resized');
    const read = readSync(this.file, target, 0, this.imageBytes, index * this.imageBytes);
    if (read !== this.imageBytes) throw unreadable(this.split, index, 'is cut short');
  }

  close(): void {
    closeSync(this.file);
  }
}
