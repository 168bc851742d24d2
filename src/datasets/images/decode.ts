import { imageLibrary } from '../../images/library.js';
import { ImportError } from '../problems.js';
import { describeBytes, imageKind } from './kind.js';

export interface DecodedImage {
  readonly height: number;
  readonly width: number;
  /** uint8 [height, width, channels] */
  readonly pixels: Buffer;
}

export interface DecodeOptions {
  readonly channels: 1 | 3;
  /** Height times width. */
  readonly maxPixels: number;
  /** Scale until the image covers this size, and crop the center. null: keep the size. */
  readonly size: { readonly height: number; readonly width: number } | null;
}

const SLOWEST_S = 30;

/**
 * Decodes a JPEG, PNG or WebP file. Transparent pixels become black, and only the first frame of an animation is
 * used. @throws ImportError image_unsupported, image_too_large, image_unreadable
 */
export async function decodeImage(
  bytes: Buffer,
  name: string,
  { channels, maxPixels, size }: DecodeOptions,
): Promise<DecodedImage> {
  if (imageKind(bytes) === null) {
    const message = `the file is ${describeBytes(bytes)}; only JPEG, PNG and WebP images are supported`;
    throw new ImportError('image_unsupported', message, name);
  }
  const sharp = await imageLibrary();
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, pages: 1 });
  if (size !== null) image.resize({ ...size, fit: 'cover' });
  image.flatten({ background: '#000' }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
  image.timeout({ seconds: SLOWEST_S });
  const { data, info } = await image
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch(async (error: Error) => {
      throw (await tooLarge(bytes, maxPixels, name)) ?? unreadable(error, name);
    });
  if (isDeepPng(bytes)) await checkRange(bytes, name);
  if (info.channels !== channels) throw new Error(`${name} was decoded to ${info.channels} channels`);
  return { height: info.height, width: info.width, pixels: data };
}

/** Offset of the bits per sample in a PNG file (section 11.2.2, IHDR). */
const PNG_BIT_DEPTH_AT = 24;
const isDeepPng = (bytes: Buffer): boolean => imageKind(bytes) === 'png' && bytes[PNG_BIT_DEPTH_AT] === 16;

/** Values of cameras and scanners of 12 bits end below this. */
const TWELVE_BITS = 2 ** 12;

/**
 * Values of 12 bits or fewer in 16 would be nearly black as 8. One image alone does not say by how much all of them must be
 * scaled to stay comparable, so its owner must. @throws ImportError image_unsupported
 */
async function checkRange(bytes: Buffer, name: string): Promise<void> {
  const sharp = await imageLibrary();
  const { channels } = await sharp(bytes).stats();
  const most = Math.max(...channels.map(({ max }) => max));
  if (most === 0 || most >= TWELVE_BITS) return;
  const message =
    `the image has 16 bits a channel, but its values end at ${most}: it would be nearly black; ` +
    'scale the values of all images to 16 bits (those of 12 bits by 16), or save 8 bits';
  throw new ImportError('image_unsupported', message, name);
}

/** Whether that is why an image was not decoded. */
async function tooLarge(bytes: Buffer, maxPixels: number, name: string): Promise<ImportError | null> {
  const sharp = await imageLibrary();
  const header = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch(() => null);
  if (header === null || header.width * header.height <= maxPixels) return null;
  const message = `the image has ${header.width}x${header.height} pixels; the limit is ${maxPixels} pixels`;
  return new ImportError('image_too_large', message, name);
}

function unreadable(error: Error, name: string): ImportError {
  return new ImportError('image_unreadable', `the image cannot be decoded: ${error.message.trim()}`, name);
}
