import { PREDICTION_LIMITS } from '../contract/predictor-protocol.js';
import type { DatasetStorage, ImageShape } from '../contract/spec.js';
import { CENTRE_SHARE, decodeCentre, decodeFive, type ImageFile, openImage } from '../images/decode.js';
import { PredictionFailure } from './failure.js';

const WHOLE = 1;

/**
 * Decodes a PNG, JPEG or WebP file to the input of a network, as in its evaluation. If the dataset stores files:
 * the usual center crop. If the dataset stores pixels of the network's size: the whole image at that size, and for
 * larger images as much as keeps the proportions.
 * @returns uint8 [height, width, channels]
 * @throws PredictionFailure unreadable_image
 */
export async function readFile(
  bytes: Uint8Array,
  index: number,
  image: ImageShape,
  storage: DatasetStorage,
): Promise<Uint8Array> {
  const share = storage === 'encoded' ? CENTRE_SHARE : WHOLE;
  return decoded(bytes, index, (file) => decodeCentre(file, image, share));
}

/**
 * Decodes an image file to five crops of the input's size.
 * @returns five times uint8 [height, width, channels], the last one as `readFile` returns it for a dataset that stores files
 * @throws PredictionFailure unreadable_image
 */
export function readFiveCrops(bytes: Uint8Array, index: number, image: ImageShape): Promise<Uint8Array[]> {
  return decoded(bytes, index, (file) => decodeFive(file, image));
}

async function decoded<Pixels>(
  bytes: Uint8Array,
  index: number,
  decode: (file: ImageFile) => Promise<Pixels>,
): Promise<Pixels> {
  const refuse = (message: string): never => {
    throw new PredictionFailure('unreadable_image', message, index);
  };
  if (!isImage(bytes)) refuse('it is not a PNG, JPEG or WebP file');
  const file: ImageFile = await openImage(bytes).catch((error: Error) => refuse(reason(error)));
  const { width, height } = file.size;
  if (width * height > PREDICTION_LIMITS.pixels) refuse(TOO_LARGE);
  return decode(file).catch((error: Error) => refuse(reason(error)));
}

const TOO_LARGE = `it has more than ${PREDICTION_LIMITS.pixels} pixels; send a smaller image`;

/** Own wording, because the messages of the library contain local file names and change between versions. */
function reason({ message }: Error): string {
  return /pixel limit|too large/i.test(message) ? TOO_LARGE : 'it cannot be decoded';
}

/** Checks the first bytes, whatever the name says, so that no other format of the library is tried. */
function isImage(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  const isWebp = head.startsWith('RIFF') && head.endsWith('WEBP');
  return isWebp || head.startsWith('\x89PNG\r\n\x1a\n') || head.startsWith('\xff\xd8\xff');
}
