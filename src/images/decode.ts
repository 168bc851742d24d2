import type { Sharp } from 'sharp';
import type { ImageShape } from '../contract/spec.js';
import { imageLibrary } from './library.js';

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

export interface Rectangle extends ImageSize {
  readonly left: number;
  readonly top: number;
}

/** An image file with a parsed header. */
export interface ImageFile {
  readonly bytes: Uint8Array;
  /** Size in pixels as stored. The orientation in the metadata is not applied. */
  readonly size: ImageSize;
  /** Format name of sharp: jpeg, png, webp. */
  readonly format: string;
}

/** Side of the center crop, as a share of the short side after resizing: 224 of 256, as in torchvision. */
export const CENTRE_SHARE = 224 / 256;

/** Bilinear interpolation over all source pixels that a result pixel covers. */
const KERNEL = 'linear';

/** Factors by which libjpeg can scale during decoding, at a fraction of the cost. */
const JPEG_SHRINKS = [8, 4, 2] as const;

/** @throws Error with libvips' message where the header cannot be read */
export async function openImage(bytes: Uint8Array): Promise<ImageFile> {
  const { width, height, format } = await (await open(bytes)).metadata();
  return { bytes, size: { width, height }, format };
}

/** The whole image. @returns uint8 [height, width, channels] */
export async function decodeImage({ bytes }: ImageFile, channels: number): Promise<Uint8Array> {
  return pixels(await open(bytes), channels);
}

/**
 * Decodes a part of the image and resizes it. A JPEG that is much larger than `shape` is scaled down during
 * decoding.
 * @param crop within the image
 * @returns uint8 [height, width, channels] of `shape`; the same bits with the same libvips
 */
export async function decodeCrop(file: ImageFile, crop: Rectangle, shape: ImageShape): Promise<Uint8Array> {
  const { width, height, channels } = shape;
  const shrink = JPEG_SHRINKS.find(
    (factor) => crop.width >= factor * width && crop.height >= factor * height,
  );
  const [source, part] =
    file.format === 'jpeg' && shrink !== undefined
      ? await shrunk(file, crop, shrink, channels)
      : [await open(file.bytes), crop];
  return pixels(source.extract(part).resize(width, height, { fit: 'fill', kernel: KERNEL }), channels);
}

/**
 * The crop for evaluation: the image is resized until it just covers 256/224 of `shape`, and the center is cropped.
 */
export async function decodeCentre(
  file: ImageFile,
  shape: ImageShape,
  share = CENTRE_SHARE,
): Promise<Uint8Array> {
  const whole = centreSize(file.size, shape, share);
  return cropOfResized(file, shape, whole, centreOf(whole, shape));
}

/**
 * The five crops of torchvision's `FiveCrop` after the resize of `decodeCentre`: top left, top right, bottom left, bottom right
 * and the center. Each is decoded by itself, because the whole of a long image can be too large for the memory.
 * @returns five times uint8 [height, width, channels]
 */
export async function decodeFive(
  file: ImageFile,
  shape: ImageShape,
  share = CENTRE_SHARE,
): Promise<Uint8Array[]> {
  const whole = centreSize(file.size, shape, share);
  const [right, bottom] = [whole.width - shape.width, whole.height - shape.height];
  const places = [
    { left: 0, top: 0 },
    { left: right, top: 0 },
    { left: 0, top: bottom },
    { left: right, top: bottom },
    centreOf(whole, shape),
  ];
  const crops: Uint8Array[] = [];
  for (const place of places) crops.push(await cropOfResized(file, shape, whole, place));
  return crops;
}

type Place = Pick<Rectangle, 'left' | 'top'>;

const centreOf = (whole: ImageSize, { width, height }: ImageSize): Place => ({
  left: Math.floor((whole.width - width) / 2),
  top: Math.floor((whole.height - height) / 2),
});

async function cropOfResized(
  { bytes }: ImageFile,
  { width, height, channels }: ImageShape,
  whole: ImageSize,
  place: Place,
): Promise<Uint8Array> {
  const image = await open(bytes);
  const resized = image.resize(whole.width, whole.height, { fit: 'fill', kernel: KERNEL });
  return pixels(resized.extract({ ...place, width, height }), channels);
}

/** The size to which `decodeCentre` resizes. */
export function centreSize({ width, height }: ImageSize, shape: ImageSize, share = CENTRE_SHARE): ImageSize {
  const scale = Math.max(shape.width / width, shape.height / height) / share;
  return {
    width: Math.max(shape.width, Math.round(scale * width)),
    height: Math.max(shape.height, Math.round(scale * height)),
  };
}

/** The image scaled by 1/`factor`, and the position of `crop` in it. */
async function shrunk(
  { bytes, size }: ImageFile,
  crop: Rectangle,
  factor: number,
  channels: number,
): Promise<[Sharp, Rectangle]> {
  const width = Math.floor(size.width / factor);
  const height = Math.floor(size.height / factor);
  const image = await open(bytes);
  const small = await pixels(image.resize(width, height, { fit: 'fill', kernel: KERNEL }), channels);
  const scaled = (start: number, length: number, side: number, all: number) => {
    const first = Math.min(Math.round((start * side) / all), side - 1);
    return [first, Math.min(Math.max(1, Math.round((length * side) / all)), side - first)] as const;
  };
  const [left, partWidth] = scaled(crop.left, crop.width, width, size.width);
  const [top, partHeight] = scaled(crop.top, crop.height, height, size.height);
  const raw = { width, height, channels: channels as 1 | 3 };
  return [(await imageLibrary())(small, { raw }), { left, top, width: partWidth, height: partHeight }];
}

/** Pixels in sRGB, or gray. Transparent pixels become black, and only the first frame of an animation is used. */
async function pixels(image: Sharp, channels: number): Promise<Uint8Array> {
  return image
    .flatten({ background: '#000' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer();
}

async function open(bytes: Uint8Array): Promise<Sharp> {
  return (await imageLibrary())(bytes, { failOn: 'error' });
}
