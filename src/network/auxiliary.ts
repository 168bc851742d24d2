import { multiplyAdds } from './cost.js';
import type { NetworkDescription } from './description.js';
import { convLayer, type Layer, normLayer, type Shape, strided } from './layers.js';

const NARROWEST = 4;
const WIDEST = 4096;

/** Size of an AuxNet if the job sets it. null: derived from the share of the cost. */
export interface AuxiliarySize {
  /** Channels of every convolution except the last, which has the channels of the boundary. */
  readonly width: number | null;
  /** Number of 3x3 convolutions, including the last one. */
  readonly depth: number | null;
}

export const SIZED_BY_SHARE: AuxiliarySize = { width: null, depth: null };

/**
 * Layers of the AuxNet A_k: 3x3 convolutions of stride 2 down to the size of the boundary, then of stride 1 up to
 * the depth (one, if no depth is given and the boundary has the size of the image), then one 3x3 convolution to the
 * channels of the boundary. Batch norm after each. ReLU after each, except after the last one if the features that
 * it replaces have no ReLU. [B,H,W,C] -> [B,h,w,c]. Without a given width, it is the largest width (at least 4)
 * whose multiply-adds stay within `budget`.
 * @throws RangeError if the depth cannot reach the size of the boundary
 */
export function auxiliaryLayers(
  network: NetworkDescription,
  stage: number,
  boundary: number,
  budget: number,
  size: AuxiliarySize,
): Layer[] {
  const strides = hiddenStrides(network, boundary, size.depth);
  const build = (width: number) => layersOfWidth(network, stage, boundary, strides, width);
  if (size.width !== null) return build(size.width);
  return build(strides.length > 0 ? widestWithin(budget, (width) => multiplyAdds(build(width))) : NARROWEST);
}

/**
 * The AuxNet of a stage that starts with block `boundary`. A depth that is too small is replaced by the smallest
 * possible one; the validation of the job reports it elsewhere.
 */
export function reachingAuxiliary(
  network: NetworkDescription,
  boundary: number,
  budget: number,
  size: AuxiliarySize,
): Layer[] {
  const depth = size.depth && Math.max(size.depth, minAuxiliaryDepth(network, boundary));
  return auxiliaryLayers(network, boundary, boundary, budget, { ...size, depth });
}

/** The largest width from `NARROWEST` to `WIDEST` within the budget. @param costOf a width^2 + b width */
function widestWithin(budget: number, costOf: (width: number) => number): number {
  const [one, two] = [costOf(1), costOf(2)];
  const square = two / 2 - one;
  const linear = one - square;
  const root =
    square > 0 ? (Math.sqrt(linear ** 2 + 4 * square * budget) - linear) / (2 * square) : budget / linear;
  // Rounded, because a rounding error may put the root just below a whole number.
  const nearest = Math.min(Math.max(Math.round(root), NARROWEST), WIDEST);
  const fits = (square * nearest + linear) * nearest <= budget;
  return fits ? nearest : Math.max(nearest - 1, NARROWEST);
}

/** The minimum number of 3x3 convolutions that convert the images to the input of block `boundary`. */
export function minAuxiliaryDepth(network: NetworkDescription, boundary: number): number {
  return halvings(network.image, network.blocks[boundary - 1]!.output) + 1;
}

function layersOfWidth(
  network: NetworkDescription,
  stage: number,
  boundary: number,
  strides: readonly number[],
  width: number,
): Layer[] {
  const block = network.blocks[boundary - 1]!;
  const layers: Layer[] = [];
  let shape = network.image;
  strides.forEach((stride, index) => {
    const conv = convLayer(`aux${stage}/conv${index}`, 3, stride, shape, width, network.padding);
    layers.push(conv, normLayer(`aux${stage}/norm${index}`, conv.output, true));
    shape = conv.output;
  });
  const last = convLayer(`aux${stage}/conv_out`, 3, 1, shape, block.output.channels);
  return [...layers, last, normLayer(`aux${stage}/norm_out`, last.output, block.rectified)];
}

/** Strides of all convolutions except the last. */
function hiddenStrides(network: NetworkDescription, boundary: number, depth: number | null): number[] {
  const min = minAuxiliaryDepth(network, boundary);
  if (depth !== null && depth < min) {
    throw new RangeError(
      `an AuxNet of ${depth} convolutions cannot reach the resolution of block ${boundary}; use at least ${min}`,
    );
  }
  const hidden = depth === null ? Math.max(1, min - 1) : depth - 1;
  return Array.from({ length: hidden }, (_, index) => (index < min - 1 ? 2 : 1));
}

/** The network rounds odd sizes up at each halving, so the halvings are counted one by one. */
function halvings(image: Shape, boundary: Shape): number {
  let count = 0;
  for (let shape = image; shape.height > boundary.height || shape.width > boundary.width; count++) {
    shape = strided(shape, 2);
  }
  return count;
}
