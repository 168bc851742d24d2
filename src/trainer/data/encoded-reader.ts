import { closeSync, fstatSync, openSync, read, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type DatasetManifest, type SplitName, splitOf } from '../../contract/dataset-manifest.js';
import { decodeOffsets, type ImageOffsets } from '../../contract/dataset-offsets.js';
import { decodeCentre, decodeCrop, openImage } from '../../images/decode.js';
import { readLabels } from './labels.js';
import type { SplitFiles } from './split-files.js';
import { type CropRule, type ReaderOptions, type SplitReader, unreadable } from './split-reader.js';

const readAt = promisify(read);

/** Reads images that are stored as files. Each is decoded, cropped and resized outside the event loop. */
export class EncodedReader implements SplitReader {
  readonly imageBytes: number;

  private constructor(
    private readonly file: number,
    private readonly offsets: ImageOffsets,
    readonly labels: Uint16Array,
    readonly manifest: DatasetManifest,
    private readonly split: SplitName,
    readonly lanes: number,
  ) {
    const { height, width, channels } = manifest.image;
    this.imageBytes = height * width * channels;
  }

  static open(
    files: SplitFiles,
    offsetsPath: string,
    { max = Number.POSITIVE_INFINITY, decoders = 1 }: ReaderOptions,
  ): EncodedReader {
    const { manifest, split } = files;
    const labels = readLabels(files, max);
    const file = openSync(files.images, 'r');
    try {
      const { size } = fstatSync(file);
      const offsets = decodeOffsets(readFileSync(offsetsPath), splitOf(manifest, split).count, size);
      return new EncodedReader(file, offsets, labels, manifest, split, decoders);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  get count(): number {
    return this.labels.length;
  }

  async readImage(index: number, target: Uint8Array, crop: CropRule | null): Promise<void> {
    const bytes = await this.readBytes(index);
    const pixels = await this.decode(bytes, crop).catch((error: Error) => {
      throw unreadable(this.split, index, `cannot be decoded: ${error.message.trim()}`);
    });
    target.set(pixels);
  }

  close(): void {
    closeSync(this.file);
  }

  private async readBytes(index: number): Promise<Uint8Array> {
    const start = this.offsets[index]!;
    const length = this.offsets[index + 1]! - start;
    const bytes = Buffer.allocUnsafe(length);
    const { bytesRead } = await readAt(this.file, bytes, 0, length, start).catch((error: Error) => {
      throw unreadable(this.split, index, `cannot be read: ${error.message}`);
    });
    if (bytesRead !== length) throw unreadable(this.split, index, 'is cut short');
    return bytes;
  }

  private async decode(bytes: Uint8Array, crop: CropRule | null): Promise<Uint8Array> {
    const image = await openImage(bytes);
    const { image: shape } = this.manifest;
    return crop ? decodeCrop(image, crop(image.size), shape) : decodeCentre(image, shape);
  }
}
