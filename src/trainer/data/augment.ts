import type { ResolvedAugmentation } from '../../contract/spec.js';
import type { Shape } from '../../network/index.js';
import type { RandomStream } from '../random.js';

/** Offset of an image, whether it is mirrored, and the blanked square. */
export interface Placement {
  readonly down: number;
  readonly right: number;
  readonly mirrored: boolean;
  readonly cutout: Square | null;
}

/** Its rows and columns may be partly outside the image. */
export interface Square {
  readonly top: number;
  readonly left: number;
  readonly side: number;
}

/** No augmentation. */
export const UNCHANGED_IMAGES: ResolvedAugmentation = {
  crop_padding: 0,
  horizontal_flip: false,
  cutout: 0,
  random_resized_crop: false,
};

export const UNCHANGED: Placement = { down: 0, right: 0, mirrored: false, cutout: null };

/** Draws a random crop of the image padded by `crop_padding`, a horizontal flip, and a square for cutout. */
export function drawPlacement(
  augmentation: ResolvedAugmentation,
  image: Pick<Shape, 'height' | 'width'>,
  random: RandomStream,
): Placement {
  const padding = augmentation.crop_padding;
  const shift = () => Math.floor(random() * (2 * padding + 1)) - padding;
  return {
    down: shift(),
    right: shift(),
    mirrored: augmentation.horizontal_flip && random() < 0.5,
    // Drawn last, so that jobs without cutout draw the same crops and flips.
    cutout: augmentation.cutout > 0 ? drawSquare(augmentation.cutout, image, random) : null,
  };
}

/**
 * The center is a random pixel (DeVries and Taylor, arXiv:1708.04552, section 3.2), so the edges may cut the square
 * off.
 */
function drawSquare(
  side: number,
  { height, width }: Pick<Shape, 'height' | 'width'>,
  random: RandomStream,
): Square {
  const start = (length: number) => Math.floor(random() * length) - Math.floor(side / 2);
  return { top: start(height), left: start(width), side };
}

/** (pixel - mean) / deviation for every pixel value of every channel: [channels][256]. */
export function normalizationTable(mean: readonly number[], deviation: readonly number[]): Float32Array[] {
  return mean.map((center, channel) =>
    Float32Array.from({ length: 256 }, (_, pixel) => (pixel - center) / deviation[channel]!),
  );
}

/**
 * Writes the normalized and placed image at `offset` of `target` [.., height, width, channels]. Uncovered and
 * cut-out pixels are zero, which is the mean.
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
  if (placement.cutout) blank(target, offset, shape, placement.cutout);
}

function blank(target: Float32Array, offset: number, shape: Shape, { top, left, side }: Square): void {
  const { height, width, channels } = shape;
  const first = Math.max(left, 0);
  const end = Math.min(left + side, width);
  for (let row = Math.max(top, 0); row < Math.min(top + side, height); row++) {
    const start = offset + row * width * channels;
    target.fill(0, start + first * channels, start + end * channels);
  }
}
