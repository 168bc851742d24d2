import { paddingBefore } from '../../network/index.js';
import { type Attribute, describeRuntime, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { matMul, reshape } from './dense.js';
import { FLOAT } from './elementwise.js';
import type { Window } from './window.js';

/**
 * Convolutions as matrix products, for feature maps that are small compared with the kernel. There, oneDNN's
 * convolution spends most of its time reordering the kernel. 32x2x2x512 with 3x3x512: 4.5 ms instead of 15. All in
 * float32, NHWC.
 */

/** Images [B,H,W,C] and a kernel [size,size,C,O] give [B,h,w,O]. */
export interface ConvolutionShape {
  readonly images: readonly number[];
  readonly kernel: readonly number[];
  readonly window: Window;
}

/**
 * Limits of this method: maximum number of output positions, and minimum number of weights. Outside them, a
 * convolution is faster.
 */
const MAX_POSITIONS = 9;
const MIN_WEIGHTS = 500_000;

/**
 * Whether a float32 convolution of this shape uses this method. The rule depends on the shape only, so every split
 * computes the same bits.
 */
export function isByPatches(shape: ConvolutionShape): boolean {
  const [height, width] = outputSides(shape);
  const weights = shape.kernel.reduce((product, side) => product * side, 1);
  return height * width <= MAX_POSITIONS && weights >= MIN_WEIGHTS && describeRuntime().device === 'cpu';
}

export function convolutionByPatches(images: Tensor, kernel: Tensor, shape: ConvolutionShape): Tensor {
  const patches = patchesOf(images, shape);
  const matrix = asMatrix(kernel);
  const rows = matMul(patches, matrix);
  const output = reshape(rows, [shape.images[0]!, ...outputSides(shape), shape.kernel[3]!]);
  free(patches, matrix, rows);
  return output;
}

export function kernelGradientByPatches(images: Tensor, cotangent: Tensor, shape: ConvolutionShape): Tensor {
  const patches = patchesOf(images, shape);
  const rows = reshape(cotangent, [-1, shape.kernel[3]!]);
  const matrix = matMul(patches, rows, true, false);
  const gradient = reshape(matrix, shape.kernel);
  free(patches, rows, matrix);
  return gradient;
}

export function inputGradientByPatches(kernel: Tensor, cotangent: Tensor, shape: ConvolutionShape): Tensor {
  const rows = reshape(cotangent, [-1, shape.kernel[3]!]);
  const matrix = asMatrix(kernel);
  const patches = matMul(rows, matrix, false, true);
  const [batch, , , channels] = shape.images as [number, number, number, number];
  const places = reshape(patches, [batch, -1, channels]);
  const selection = selectionOf(shape);
  const summed = batchMatMul(selection, places, true);
  const gradient = reshape(summed, shape.images);
  free(rows, matrix, patches, places, selection, summed);
  return gradient;
}

/** [size,size,C,O] -> [size size C, O] */
const asMatrix = (kernel: Tensor): Tensor => reshape(kernel, [-1, kernel.shape[3]!]);

/** The inputs of each output position: [B,H,W,C] -> [B h w, size size C]. */
function patchesOf(images: Tensor, shape: ConvolutionShape): Tensor {
  const [batch, height, width, channels] = shape.images as [number, number, number, number];
  const positions = reshape(images, [batch, height * width, channels]);
  const selection = selectionOf(shape);
  const seen = batchMatMul(selection, positions, false);
  const patches = reshape(seen, [-1, shape.kernel[0]! ** 2 * channels]);
  free(positions, selection, seen);
  return patches;
}

/**
 * [h w size size, H W]: 1 if a position in the patch of an output position is this input position. Positions in the
 * padding have no 1.
 */
function selectionOf(shape: ConvolutionShape): Tensor {
  const { images, kernel, window } = shape;
  const { stride } = window;
  const [, height, width] = images as [number, number, number, number];
  const size = kernel[0]!;
  const sides = outputSides(shape);
  const [top, left] = [height, width].map((side, axis) =>
    paddingBefore({ ...window, size }, side, sides[axis]!),
  ) as [number, number];
  const places = sides[0] * sides[1] * size * size;
  const selection = new Float32Array(places * height * width);
  for (let place = 0; place < places; place++) {
    const [column, row] = [place % size, Math.floor(place / size) % size];
    const position = Math.floor(place / (size * size));
    const y = Math.floor(position / sides[1]) * stride + row - top;
    const x = (position % sides[1]) * stride + column - left;
    if (y >= 0 && y < height && x >= 0 && x < width) selection[(place * height + y) * width + x] = 1;
  }
  return upload(selection, [places, height * width]);
}

function outputSides({ images, window: { stride } }: ConvolutionShape): [number, number] {
  return [Math.ceil(images[1]! / stride), Math.ceil(images[2]! / stride)];
}

/** matrix [m,n], or its transpose, times each matrix in [B,n,p]. */
function batchMatMul(matrix: Tensor, each: Tensor, transposes: boolean): Tensor {
  const attributes: Attribute[] = [
    FLOAT,
    { name: 'adj_x', kind: 'bool', value: transposes },
    { name: 'adj_y', kind: 'bool', value: false },
  ];
  return executeOne('BatchMatMulV2', [matrix, each], attributes);
}
