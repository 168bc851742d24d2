import type { ResolvedAugmentation } from '../../contract/spec.js';
import type { Shape } from '../../network/index.js';
import type { RandomStream } from '../random.js';
import { clipped, type Rectangle } from './rectangle.js';

/** Offset of an image, whether it is mirrored, what surrounds it, and the blanked rectangles. */
export interface Placement {
  readonly down: number;
  readonly right: number;
  readonly mirrored: boolean;
  /** Whether the image goes on mirrored where it was moved away. Otherwise zeros surround it. */
  readonly reflects: boolean;
  readonly blanked: readonly Rectangle[];
}

/** No augmentation. */
export const UNCHANGED_IMAGES: ResolvedAugmentation = {
  crop_padding: 0,
  horizontal_flip: false,
  cutout: 0,
  random_resized_crop: false,
  padding_mode: 'zero',
  flip: 'random',
  random_erasing: 0,
  mixup: 0,
  cutmix: 0,
  mix_switch: 0.5,
  mix_off_epochs: 0,
  vertical_flip: false,
  rotation: 0,
  color_jitter: null,
  policy: { type: 'none', count: null, magnitude: null },
};

export const UNCHANGED: Placement = { down: 0, right: 0, mirrored: false, reflects: false, blanked: [] };

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
    reflects: augmentation.padding_mode === 'reflect',
    // Drawn last, so that jobs without cutout draw the same crops and flips.
    blanked: augmentation.cutout > 0 ? [drawSquare(augmentation.cutout, image, random)] : [],
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
): Rectangle {
  const start = (length: number) => Math.floor(random() * length) - Math.floor(side / 2);
  return { top: start(height), left: start(width), height: side, width: side };
}

/** Whether an image is mirrored in epoch `showing`: in every other one, beginning at random (Jordan, arXiv:2404.00498, 3.6). */
export function isMirroredInTurn(showing: number, random: RandomStream): boolean {
  return random() < 0.5 !== (showing % 2 === 1);
}

/** (pixel - mean) / deviation for every pixel value of every channel: [channels][256]. */
export function normalizationTable(mean: readonly number[], deviation: readonly number[]): Float32Array[] {
  return mean.map((center, channel) =>
    Float32Array.from({ length: 256 }, (_, pixel) => (pixel - center) / deviation[channel]!),
  );
}

/**
 * Writes the normalized and placed image at `offset` of `target` [.., height, width, channels]. Uncovered and
 * blanked pixels are zero, which is the mean.
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
  const { down, right, mirrored, reflects } = placement;
  const within = reflects ? reflected : unlessOutside;
  for (let row = 0; row < height; row++) {
    const sourceRow = within(row - down, height);
    if (sourceRow < 0) continue;
    for (let column = 0; column < width; column++) {
      const shifted = within(column - right, width);
      if (shifted < 0) continue;
      const from = (sourceRow * width + (mirrored ? width - 1 - shifted : shifted)) * channels;
      const to = offset + (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) {
        target[to + channel] = table[channel]![image[from + channel]!]!;
      }
    }
  }
  for (const rectangle of placement.blanked) blank(target, offset, shape, rectangle);
}

/** The place, or -1 outside of the image. */
function unlessOutside(place: number, length: number): number {
  return place >= 0 && place < length ? place : -1;
}

/** The place that a mirror in the first or the last pixel shows: -1 is 1. */
function reflected(place: number, length: number): number {
  if (place < 0) return -place;
  return place < length ? place : 2 * (length - 1) - place;
}

function blank(target: Float32Array, offset: number, shape: Shape, rectangle: Rectangle): void {
  const { top, left, height, width } = clipped(rectangle, shape);
  for (let row = top; row < top + height; row++) {
    const start = offset + (row * shape.width + left) * shape.channels;
    target.fill(0, start, start + width * shape.channels);
  }
}
