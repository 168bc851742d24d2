import type { ModelInput } from './prepare.js';

/** The parts of a browser that this file uses, for programs that are compiled without its types. */
interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
interface Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}
interface Drawing {
  fillRect(left: number, top: number, width: number, height: number): void;
  drawImage(image: Bitmap, left: number, top: number): void;
  getImageData(left: number, top: number, width: number, height: number): Pixels;
}
declare const createImageBitmap: (
  file: Blob,
  options: { readonly imageOrientation: 'none' },
) => Promise<Bitmap>;
declare const OffscreenCanvas: new (
  width: number,
  height: number,
) => { getContext(type: '2d', options: { readonly willReadFrequently: boolean }): Drawing | null };

/** An axis of a picture: `size` samples become `covered`, of which `length` from `first` on are kept. */
interface Axis {
  readonly size: number;
  readonly covered: number;
  readonly first: number;
  readonly length: number;
  /** Samples of which the decoder makes one; 1: none. */
  readonly reduced: number;
}

/**
 * The pixels of an image file in a browser, nearly as the service makes them: the browser decodes, and the resize, the crop and
 * the black behind transparent pixels are the service's. docs/exports.md says how near.
 * @returns [height, width, channels], 0 to 255, whole numbers
 */
export async function prepareInBrowser(file: Blob, input: ModelInput): Promise<Uint8ClampedArray> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  const { data, width, height } = await decoded(isJpeg ? new Blob(withoutExif(bytes)) : file);
  const scale = Math.max(input.width / width, input.height / height) / input.crop_share;
  const reduced = isJpeg ? reductionOf(1 / scale) : 1;
  const across = axisOf({ size: width, scale, length: input.width, reduced });
  const down = axisOf({ size: height, scale, length: input.height, reduced });
  const rows = resized({ values: data, rows: height, inner: 4, axis: across });
  const pixels = resized({
    values: transposed(rows, height, input.width),
    rows: input.width,
    inner: 4,
    axis: down,
  });
  return channelsOf(transposed(pixels, input.width, input.height), input.channels);
}

/** RGBA over black, in sRGB. The orientation in the metadata is not applied. */
async function decoded(file: Blob): Promise<Pixels> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'none' });
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('this browser has no canvas');
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** The parts of a JPEG but its EXIF segments, whose orientation browsers apply and the service does not. */
function withoutExif(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const kept = [bytes.subarray(0, 2)];
  let at = 2;
  // Segments of a marker and a length, up to the start of the scan.
  while (bytes[at] === 0xff && bytes[at + 1] !== SCAN && at + 4 <= bytes.length) {
    const end = at + 2 + 256 * (bytes[at + 2] ?? 0) + (bytes[at + 3] ?? 0);
    if (bytes[at + 1] !== EXIF) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return [...kept, bytes.subarray(at)];
}

/** Second bytes of the markers SOS and APP1. */
const [SCAN, EXIF] = [0xda, 0xe1];

/** Factor by which sharp lets libjpeg reduce a picture while it decodes, where the whole reduction is `shrink`. */
function reductionOf(shrink: number): number {
  const largest = [8, 4, 2].find((by) => shrink >= by) ?? 1;
  return Math.floor(shrink) === largest ? Math.max(1, largest / 2) : largest;
}

function axisOf({
  scale,
  ...axis
}: Pick<Axis, 'size' | 'length' | 'reduced'> & { readonly scale: number }): Axis {
  const covered = Math.max(axis.length, Math.round(scale * axis.size));
  return { ...axis, covered, first: Math.floor((covered - axis.length) / 2) };
}

interface Resize {
  /** [rows, axis.size, inner] */
  readonly values: ArrayLike<number>;
  readonly rows: number;
  readonly inner: number;
  readonly axis: Axis;
}

/** Bilinear, over all samples that a result covers. -> [rows, axis.length, inner], rounded */
function resized({ values, rows, inner, axis }: Resize): Uint8ClampedArray {
  const taps = Array.from({ length: axis.length }, (_, at) => tapsOf(axis, at));
  const made = new Uint8ClampedArray(rows * axis.length * inner);
  for (let row = 0; row < rows; row++) {
    taps.forEach((parts, at) => {
      for (let channel = 0; channel < inner; channel++) {
        let sum = 0;
        for (const [from, weight] of parts)
          sum += weight * (values[(row * axis.size + from) * inner + channel] ?? 0);
        made[(row * axis.length + at) * inner + channel] = Math.round(sum);
      }
    });
  }
  return made;
}

/**
 * Samples of one result with their weights: a triangle as wide as the result is, its ends repeated beyond the edges. As libvips
 * does, means of `group` samples take the place of samples where the picture becomes smaller than a quarter.
 */
function tapsOf({ size, covered, first, reduced }: Axis, at: number): [from: number, weight: number][] {
  const group = reduced * Math.max(1, Math.floor(size / reduced / covered / 2));
  const step = size / group / covered;
  const reach = Math.max(1, step);
  // libvips enlarges from the corner of a pixel, and reduces from its center.
  const center = (first + at + (step < 1 ? 0 : 0.5)) * step - 0.5;
  const taps = new Map<number, number>();
  let total = 0;
  for (let mean = Math.ceil(center - reach); mean <= center + reach; mean++) {
    const weight = Math.max(0, 1 - Math.abs(mean - center) / reach);
    for (let sample = mean * group; sample < (mean + 1) * group; sample++) {
      const from = Math.min(size - 1, Math.max(0, sample));
      taps.set(from, (taps.get(from) ?? 0) + weight);
      total += weight;
    }
  }
  return [...taps].map(([from, weight]) => [from, weight / total]);
}

/** [rows, columns, 4] -> [columns, rows, 4] */
function transposed(values: ArrayLike<number>, rows: number, columns: number): Uint8ClampedArray {
  const made = new Uint8ClampedArray(rows * columns * 4);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let channel = 0; channel < 4; channel++)
        made[(column * rows + row) * 4 + channel] = values[(row * columns + column) * 4 + channel] ?? 0;
  return made;
}

function channelsOf(rgba: Uint8ClampedArray, channels: number): Uint8ClampedArray {
  const made = new Uint8ClampedArray((rgba.length / 4) * channels);
  for (let pixel = 0; pixel < rgba.length / 4; pixel++) {
    const [red = 0, green = 0, blue = 0] = rgba.subarray(4 * pixel, 4 * pixel + 3);
    if (channels === 1) made[pixel] = grayOf(red, green, blue);
    else made.set([red, green, blue], channels * pixel);
  }
  return made;
}

/** The luminance of light, as libvips has it. */
function grayOf(red: number, green: number, blue: number): number {
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const value = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * value);
}

/** sRGB (IEC 61966-2-1), 0 to 255 -> light, 0 to 1 */
function linear(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
