import type { Shape } from '../../../network/index.js';
import type { Operation } from './operation.js';

/**
 * Changes of color, as torchvision.transforms.v2.functional defines them for tensors of bytes, at most one gray level from
 * it. A factor of 1 keeps the image. Images of one channel have no saturation and no hue.
 */

const MAX = 255;
const LEVELS = 256;

/** A conversion to bytes cuts the fraction off. */
const toByte = (value: number): number => Math.trunc(Math.min(Math.max(value, 0), MAX));

/** ITU-R BT.601 luma of a pixel, without its fraction. */
function lumaAt(pixels: Uint8Array, place: number, channels: number): number {
  if (channels === 1) return pixels[place]!;
  return Math.trunc(0.2989 * pixels[place]! + 0.587 * pixels[place + 1]! + 0.114 * pixels[place + 2]!);
}

function mapBytes(pixels: Uint8Array, byteOf: (value: number) => number): void {
  const table = Uint8Array.from({ length: LEVELS }, (_, value) => byteOf(value));
  for (let place = 0; place < pixels.length; place++) pixels[place] = table[pixels[place]!]!;
}

export const brightness =
  (factor: number): Operation =>
  (pixels) =>
    mapBytes(pixels, (value) => toByte(factor * value));

/** Stretches values away from the mean luma of the image, or towards it. */
export const contrast =
  (factor: number): Operation =>
  (pixels, { channels }) => {
    let sum = 0;
    for (let place = 0; place < pixels.length; place += channels) sum += lumaAt(pixels, place, channels);
    const mean = sum / (pixels.length / channels);
    mapBytes(pixels, (value) => toByte(factor * value + (1 - factor) * mean));
  };

/** Moves values away from the luma of their pixel, or towards it. */
export const saturation =
  (factor: number): Operation =>
  (pixels, { channels }) => {
    if (channels === 1) return;
    for (let place = 0; place < pixels.length; place += channels) {
      const luma = lumaAt(pixels, place, channels);
      for (let channel = 0; channel < channels; channel++)
        pixels[place + channel] = toByte(factor * pixels[place + channel]! + (1 - factor) * luma);
    }
  };

/** @param turn of the circle of colors, -0.5..0.5 */
export const hue =
  (turn: number): Operation =>
  (pixels, { channels }) => {
    if (channels === 1) return;
    for (let place = 0; place < pixels.length; place += channels) turnPixel(pixels, place, turn);
  };

/** Turns one pixel, by way of hue, saturation and value (Smith 1978). */
function turnPixel(pixels: Uint8Array, place: number, turn: number): void {
  const [red, green, blue] = [pixels[place]!, pixels[place + 1]!, pixels[place + 2]!];
  const value = Math.max(red, green, blue);
  const range = value - Math.min(red, green, blue);
  if (range === 0) return;
  const sixth = (6 + sixthOf({ red, green, blue, value, range }) + 6 * turn) % 6;
  const sector = Math.floor(sixth);
  const share = range / value;
  const part = sixth - sector;
  const low = value * (1 - share);
  const falling = value * (1 - share * part);
  const rising = value * (1 - share * (1 - part));
  const turned = [
    [value, rising, low],
    [falling, value, low],
    [low, value, rising],
    [low, falling, value],
    [rising, low, value],
    [value, low, falling],
  ][sector]!;
  // torchvision converts from 0..1 to bytes by this factor.
  for (let channel = 0; channel < 3; channel++)
    pixels[place + channel] = toByte((turned[channel]! / MAX) * (LEVELS - 0.001));
}

interface Pixel {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly value: number;
  readonly range: number;
}

/** Place on the circle of colors, in sixths from red on: -1..5. */
function sixthOf({ red, green, blue, value, range }: Pixel): number {
  if (red === value) return (green - blue) / range;
  return green === value ? 2 + (blue - red) / range : 4 + (red - green) / range;
}

/** Weights of the blurred image: 5 in the middle, 1 around it. */
const [SIDE, MIDDLE] = [1 / 13, 5 / 13];

/** Moves values away from a blurred image, or towards it. Pixels at the edges stay as they are. */
export const sharpness =
  (factor: number): Operation =>
  (pixels, shape) => {
    if (shape.height <= 2 || shape.width <= 2) return;
    const before = pixels.slice();
    forInside(shape, (place, row) => {
      const own = before[place]!;
      let around = 0;
      for (const line of [place - row, place, place + row])
        around += before[line - shape.channels]! + before[line]! + before[line + shape.channels]!;
      const blurred = Math.round(SIDE * (around - own) + MIDDLE * own);
      pixels[place] = toByte(factor * own + (1 - factor) * blurred);
    });
  };

/** Visits the values that have a neighbor on each side. */
function forInside(
  { height, width, channels }: Shape,
  visit: (place: number, rowLength: number) => void,
): void {
  const row = width * channels;
  for (let y = 1; y < height - 1; y++)
    for (let place = y * row + channels; place < (y + 1) * row - channels; place++) visit(place, row);
}

/** @param bits that each value keeps, 0..8 */
export const posterize =
  (bits: number): Operation =>
  (pixels) =>
    mapBytes(pixels, (value) => value & (LEVELS - 2 ** (8 - bits)));

/** Inverts values from `threshold` on, 0..255. */
export const solarize =
  (threshold: number): Operation =>
  (pixels) =>
    mapBytes(pixels, (value) => (value >= threshold ? MAX - value : value));

/** Stretches each channel to 0..255. */
export const autoContrast: Operation = (pixels, { channels }) =>
  mapChannels(pixels, channels, (counts) => {
    const min = counts.findIndex((count) => count > 0);
    const max = counts.findLastIndex((count) => count > 0);
    return min === max ? (value) => value : (value) => toByte(((value - min) * MAX) / (max - min));
  });

/** Makes the values of each channel about equally frequent. */
export const equalize: Operation = (pixels, { channels }) =>
  mapChannels(pixels, channels, (counts) => {
    const last = counts.findLast((count) => count > 0) ?? 0;
    const step = Math.floor((pixels.length / channels - last) / MAX);
    if (step === 0) return (value) => value;
    let below = 0;
    const table = Array.from(counts, (count) => {
      const level = Math.min(Math.floor((below + Math.floor(step / 2)) / step), MAX);
      below += count;
      return level;
    });
    return (value) => table[value]!;
  });

/** Replaces each value by one that depends on it and on how often its channel has each value. */
function mapChannels(
  pixels: Uint8Array,
  channels: number,
  ruleOf: (counts: Uint32Array) => (value: number) => number,
): void {
  for (let channel = 0; channel < channels; channel++) {
    const counts = new Uint32Array(LEVELS);
    for (let place = channel; place < pixels.length; place += channels) counts[pixels[place]!]!++;
    const rule = ruleOf(counts);
    for (let place = channel; place < pixels.length; place += channels) pixels[place] = rule(pixels[place]!);
  }
}
