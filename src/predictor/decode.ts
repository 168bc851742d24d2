import { PREDICTION_LIMITS } from '../contract/predictor-protocol.js';
import type { DatasetStorage, ImageShape } from '../contract/spec.js';
import { CENTRE_SHARE, decodeCentre, type ImageFile, openImage } from '../images/decode.js';
import { PredictionFailure } from './failure.js';

const WHOLE = 1;

/**
 * What a network is shown of a PNG, JPEG or WebP file, as in its evaluation: of a data set whose images are files the
 * usual centre; of one whose images have the network's size all that such an image has, and of greater ones as much as
 * keeps their proportions.
 * @returns uint8 [height, width, channels]
 * @throws PredictionFailure unreadable_image
 */
export async function readFile(
  bytes: Uint8Array,
  index: number,
  image: ImageShape,
  storage: DatasetStorage,
): Promise<Uint8Array> {
  const refuse = (message: string): never => {
    throw new PredictionFailure('unreadable_image', message, index);
  };
  if (!isImage(bytes)) refuse('it is no PNG, JPEG or WebP file');
  const file: ImageFile = await openImage(bytes).catch((error: Error) => refuse(reason(error)));
  const { width, height } = file.size;
  if (width * height > PREDICTION_LIMITS.pixels) refuse(TOO_LARGE);
  const share = storage === 'encoded' ? CENTRE_SHARE : WHOLE;
  return decodeCentre(file, image, share).catch((error: Error) => refuse(reason(error)));
}

const TOO_LARGE = `it has more than ${PREDICTION_LIMITS.pixels} pixels; send it smaller`;

/** In our words: the library's name files of the machine, and change. */
function reason({ message }: Error): string {
  return /pixel limit|too large/i.test(message) ? TOO_LARGE : 'it is broken: decoding it failed';
}

/** By its first bytes, whatever it is called: of the many formats that the library knows no other is tried. */
function isImage(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  const isWebp = head.startsWith('RIFF') && head.endsWith('WEBP');
  return isWebp || head.startsWith('\x89PNG\r\n\x1a\n') || head.startsWith('\xff\xd8\xff');
}
