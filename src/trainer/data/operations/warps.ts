import type { Shape } from '../../../network/index.js';
import type { Operation } from './operation.js';

/**
 * Moves of the pixels of an image, as torchvision.transforms.v2.functional makes them with `nearest`: each pixel of the result
 * is the one nearest to where it came from, black outside of the image.
 */

/** Origin of a pixel of the result, both as distances from the center of the image, in pixels. */
type Origin = (x: number, y: number, shape: Shape) => readonly [number, number];

const warped =
  (originOf: Origin): Operation =>
  (pixels, shape) => {
    const { height, width, channels } = shape;
    const before = pixels.slice();
    const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [x, y] = originOf(column - middleX, row - middleY, shape);
        const [fromX, fromY] = [Math.round(x + middleX), Math.round(y + middleY)];
        const isInside = fromX >= 0 && fromX < width && fromY >= 0 && fromY < height;
        const to = (row * width + column) * channels;
        const from = (fromY * width + fromX) * channels;
        for (let channel = 0; channel < channels; channel++)
          pixels[to + channel] = isInside ? before[from + channel]! : 0;
      }
    }
  };

/** Turns an image around its center. @param degrees anticlockwise */
export function rotate(degrees: number): Operation {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return warped((x, y) => [cos * x - sin * y, sin * x + cos * y]);
}

/** Moves each row by `slope` times its distance from the top. */
export const shearX = (slope: number): Operation =>
  warped((x, y, { height }) => [x + slope * (y + height / 2), y]);

/** Moves each column by `slope` times its distance from the left. */
export const shearY = (slope: number): Operation =>
  warped((x, y, { width }) => [x, y + slope * (x + width / 2)]);

export const translateX = (pixels: number): Operation => warped((x, y) => [x - pixels, y]);

export const translateY = (pixels: number): Operation => warped((x, y) => [x, y - pixels]);

/** Turns an image upside down, as a mirror below it shows it. */
export const flipVertically: Operation = (pixels, { height, width, channels }) => {
  const row = width * channels;
  for (let top = 0; top < Math.floor(height / 2); top++) {
    const bottom = height - 1 - top;
    const kept = pixels.slice(top * row, (top + 1) * row);
    pixels.copyWithin(top * row, bottom * row, (bottom + 1) * row);
    pixels.set(kept, bottom * row);
  }
};
