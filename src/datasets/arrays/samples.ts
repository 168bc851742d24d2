import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ArrayFile } from './array-file.js';
import { GrowingArray } from './growing.js';
import { MomentSums } from './moments.js';

/** Split that the upload gives for an image. */
export const SPLITS = ['train', 'test', 'validation', 'none'] as const;
export type SplitName = (typeof SPLITS)[number];

export interface Sample {
  /** Name in the archive, for messages. */
  readonly name: string;
  readonly split: SplitName;
  readonly label: number;
  readonly height: number;
  readonly width: number;
  /** uint8 [height, width, channels] */
  readonly pixels: Buffer;
  /** The original file; null if the upload contains raw pixels. */
  readonly encoded: Buffer | null;
}

/** Images with more pixels per side are stored as files, because decoded they would be many times larger. */
export const MAX_PIXELS_A_SIDE = 64;
const DIGEST_BYTES = 16;

/**
 * The images of an upload, in their order, on disk: their files, and their pixels while all images have one small
 * size. Some hundred bytes of facts per image stay in memory.
 */
export class Samples {
  readonly labels = new GrowingArray((length) => new Uint16Array(length));
  readonly moments: MomentSums;
  /** Whether all channels are equal in every image. */
  isGray = true;
  readonly #splits = new GrowingArray((length) => new Uint8Array(length));
  readonly #offsets = new GrowingArray((length) => new Float64Array(length));
  readonly #digests = new GrowingArray((length) => new Uint8Array(length));
  readonly #heights = new GrowingArray((length) => new Uint16Array(length));
  readonly #widths = new GrowingArray((length) => new Uint16Array(length));
  readonly #nameOffsets = new GrowingArray((length) => new Float64Array(length));
  readonly #encoded: ArrayFile;
  readonly #pixels: ArrayFile;
  readonly #names: ArrayFile;
  #uniform = true;

  constructor(
    folder: string,
    readonly channels: number,
  ) {
    this.moments = new MomentSums(channels);
    this.#encoded = new ArrayFile(join(folder, 'encoded'));
    this.#pixels = new ArrayFile(join(folder, 'pixels'));
    this.#names = new ArrayFile(join(folder, 'names'));
  }

  get count(): number {
    return this.labels.length;
  }

  /** Whether all images have one size, and are small or have no files. */
  get haveOneSize(): boolean {
    return this.#uniform;
  }

  add({ name, split, label, height, width, pixels, encoded }: Sample): void {
    this.labels.push(label);
    this.#splits.push(SPLITS.indexOf(split));
    this.#heights.push(height);
    this.#widths.push(width);
    this.#nameOffsets.push(this.#names.length);
    this.#names.append(Buffer.from(name));
    this.#offsets.push(this.#encoded.length);
    if (encoded !== null) this.#encoded.append(encoded);
    for (const byte of digestOf(height, width, pixels)) this.#digests.push(byte);
    if (!this.moments.add(pixels)) this.isGray = false;
    const small = encoded === null || Math.max(height, width) <= MAX_PIXELS_A_SIDE;
    this.#uniform &&= small && height === this.#heights.at(0) && width === this.#widths.at(0);
    if (this.#uniform) this.#pixels.append(pixels);
  }

  splitOf(index: number): SplitName {
    return SPLITS[this.#splits.at(index)]!;
  }

  moveTo(index: number, split: SplitName): void {
    this.#splits.set(index, SPLITS.indexOf(split));
  }

  sizeOf(index: number): { height: number; width: number } {
    return { height: this.#heights.at(index), width: this.#widths.at(index) };
  }

  nameOf(index: number): string {
    const start = this.#nameOffsets.at(index);
    const end = index + 1 < this.count ? this.#nameOffsets.at(index + 1) : this.#names.length;
    return this.#names.read(start, end - start).toString();
  }

  /** The file of an image. */
  encodedOf(index: number): Buffer {
    const start = this.#offsets.at(index);
    const end = index + 1 < this.count ? this.#offsets.at(index + 1) : this.#encoded.length;
    return this.#encoded.read(start, end - start);
  }

  /** Only for images of one size: uint8 [height, width, channels] */
  pixelsOf(index: number): Buffer {
    const { height, width } = this.sizeOf(0);
    const bytes = height * width * this.channels;
    return this.#pixels.read(index * bytes, bytes);
  }

  /** Compares by the hash of the pixels: a stable order that does not depend on names or classes. */
  compare(a: number, b: number): number {
    for (let byte = 0; byte < DIGEST_BYTES; byte++) {
      const difference =
        this.#digests.at(a * DIGEST_BYTES + byte) - this.#digests.at(b * DIGEST_BYTES + byte);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  close(): void {
    for (const file of [this.#encoded, this.#pixels, this.#names]) file.close();
  }
}

function digestOf(height: number, width: number, pixels: Buffer): Buffer {
  return createHash('sha256').update(`${height}x${width};`).update(pixels).digest().subarray(0, DIGEST_BYTES);
}
