import type { Shape } from '../../network/index.js';

/** A part of an image. Its rows and columns may be partly outside the image. */
export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** The part that is inside the image. */
export function clipped(
  { top, left, height, width }: Rectangle,
  image: Pick<Shape, 'height' | 'width'>,
): Rectangle {
  const [firstRow, firstColumn] = [Math.max(top, 0), Math.max(left, 0)];
  return {
    top: firstRow,
    left: firstColumn,
    height: Math.max(0, Math.min(top + height, image.height) - firstRow),
    width: Math.max(0, Math.min(left + width, image.width) - firstColumn),
  };
}
