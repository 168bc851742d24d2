import sharp, { type Sharp } from 'sharp';
import { type ModelInput, modelInputOf, preparationOf } from '../../src/images/preparation.js';

/** Waves with fine grain, in which every filter and every shift shows. */
function drawn(width: number, height: number, channels: 1 | 3 | 4): Sharp {
  const pixels = Uint8Array.from({ length: width * height * channels }, (_, place) => {
    const [x, y] = [Math.floor(place / channels) % width, Math.floor(place / channels / width)];
    const wave = 90 * Math.sin(x / 17 + (place % channels)) + 40 * Math.cos(y / 9);
    return 127 + wave + ((x * 7919 + y * 104729) % 41) - 20;
  });
  return sharp(pixels, { raw: { width, height, channels } });
}

/** A picture of each kind that decoders read differently, by file name. */
export const PICTURES: Readonly<Record<string, () => Sharp>> = {
  'wide.png': () => drawn(500, 375, 3).png(),
  'small.png': () => drawn(40, 30, 3).png(),
  'gray.png': () => drawn(64, 96, 1).toColourspace('b-w').png(),
  'alpha.png': () => drawn(90, 64, 4).png(),
  'palette.png': () => drawn(90, 64, 3).png({ palette: true, colours: 16 }),
  'deep.png': () => drawn(90, 64, 3).toColourspace('rgb16').png(),
  'profile.png': () => drawn(90, 64, 3).withIccProfile('p3').png(),
  // Reduced by libjpeg by 8, 4, 2 and not at all, at one of the two sizes.
  'huge.jpg': () => drawn(1000, 700, 3).jpeg({ quality: 92 }),
  'half.jpg': () => drawn(223, 301, 3).jpeg({ chromaSubsampling: '4:4:4' }),
  'cmyk.jpg': () => drawn(90, 64, 3).toColourspace('cmyk').jpeg(),
  'turned.jpg': () => drawn(90, 64, 3).withMetadata({ orientation: 6 }).jpeg(),
  'web.webp': () => drawn(90, 64, 4).webp({ lossless: true }),
};

const RGB = { height: 64, width: 64, channels: 3 };
const LARGE = { height: 224, width: 224, channels: 3 };
const GRAY = { height: 28, width: 28, channels: 1 };
/** Inputs of photographs, and of a dataset whose images have the size of the input. */
export const INPUTS: readonly ModelInput[] = [
  ...[RGB, LARGE].map((image) => modelInputOf(image, preparationOf('encoded', image), 'inside')),
  modelInputOf(GRAY, null, 'inside'),
];
