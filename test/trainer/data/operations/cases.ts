import { randomStream } from '../../../../src/trainer/random.js';

/** Values from the whole range of each operation. */
const VALUES: Readonly<Record<string, readonly number[]>> = {
  brightness: [0, 0.3, 1, 1.7],
  contrast: [0.01, 0.6, 1.9],
  saturation: [0, 0.45, 1.99],
  hue: [-0.5, -0.21, 0.03, 0.37],
  sharpness: [0.01, 0.5, 1.99],
  posterize: [0, 2, 5, 8],
  solarize: [0, 100.5, 255],
  rotate: [-134, -7.3, 29, 89],
  shearX: [-0.7, 0.19],
  shearY: [-0.31, 0.99],
  translateX: [-3, 5],
  translateY: [-2, 32],
};

export interface Case {
  readonly operation: string;
  readonly value: number | null;
  readonly shape: readonly [number, number, number];
  readonly pixels: string;
}

const WITHOUT_VALUE = ['autoContrast', 'equalize', 'flipVertically'];

/** Noise, and a picture of few values, so that ties and empty levels come up. */
function image(shape: Case['shape'], seed: number): Uint8Array {
  const random = randomStream(seed, 'image');
  const [height, width, channels] = shape;
  const isSmooth = seed % 2 === 1;
  return Uint8Array.from({ length: height * width * channels }, (_, place) =>
    isSmooth ? 40 + ((place * 3) % 97) + 4 * random() : 256 * random(),
  );
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export function casesOf(shape: Case['shape'], seed: number): Case[] {
  const pixels = encode(image(shape, seed));
  const valued = Object.entries(VALUES).flatMap(([operation, values]) =>
    values.map((value) => ({ operation, value, shape, pixels })),
  );
  const plain = WITHOUT_VALUE.map((operation) => ({ operation, value: null, shape, pixels }));
  return [...valued, ...plain];
}

/** The cases whose answers are in a file. */
export const SMALL = [casesOf([7, 9, 3], 1), casesOf([6, 8, 3], 2), casesOf([7, 6, 1], 3)].flat();
