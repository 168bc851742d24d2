import type { ResolvedAugmentation } from '../../contract/spec.js';
import type { Shape } from '../../network/index.js';
import type { RandomStream } from '../random.js';

/** Where an image is shifted to and whether it is mirrored. */
export interface Placement {
  readonly down: number;
  readonly right: number;
  readonly mirrored: boolean;
}

export const UNCHANGED: Placement = { down: 0, right: 0, mirrored: false };

/** Draws a random crop of the image padded by `crop_padding`, and a horizontal flip. */
export function drawPlacement(augmentation: ResolvedAugmentation, random: RandomStream): Placement {
  const padding = augmentation.crop_padding;
  const shift = () => Math.floor(random() * (2 * padding + 1)) - padding;
  return { down: shift(), right: shift(), mirrored: augmentation.horizontal_flip && random() < 0.5 };
}

/** (pixel - mean) / deviation for every pixel value and channel: [channels][256]. */
export function normalizationTable(mean: readonly number[], deviation: readonly number[]): Float32Array[] {
  return mean.map((center, channel) =>
    Float32Array.from({ length: 256 }, (_, pixel) => (pixel - center) / deviation[channel]!),
  );
}

/**
 * Writes the normalised image, placed as drawn, at `offset` of `target` [.., height, width, channels]; what the
 * shift uncovers is zero, which is the mean.
 */
export function placeImage(
  image: Uint8Array,
  shape: Shape,
  table: readonly Float32Array[],
  placement: Placement,
  target: Float32Array,
  offset: number,
): void {
  const { height, width, channels } = shape;
  const { down, right, mirrored } = placement;
  for (let row = 0; row < height; row++) {
    const sourceRow = row - down;
    if (sourceRow < 0 || sourceRow >= height) continue;
    for (let column = 0; column < width; column++) {
      const shifted = column - right;
      if (shifted < 0 || shifted >= width) continue;
      const from = (sourceRow * width + (mirrored ? width - 1 - shifted : shifted)) * channels;
      const to = offset + (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) {
        target[to + channel] = table[channel]![image[from + channel]!]!;
      }
    }
  }
}
