import { multiplyAdds } from './cost.js';
import type { NetworkDescription } from './description.js';
import { convLayer, type Layer, normLayer, type Shape, strided } from './layers.js';

const NARROWEST = 4;
const WIDEST = 4096;

/** An AuxNet's size where a job says it; null leaves it to the share of the cost. */
export interface AuxiliarySize {
  /** Channels of every convolution but the last, which has the boundary's. */
  readonly width: number | null;
  /** 3x3 convolutions, the last one included. */
  readonly depth: number | null;
}

export const SIZED_BY_SHARE: AuxiliarySize = { width: null, depth: null };

/**
 * The AuxNet A_k: stride-2 3x3 convolutions down to the boundary's size, then stride-1 ones up to its depth (one where
 * none is given and the boundary has the image's size), then one 3x3 to the boundary's channels; batch norm after
 * each, ReLU after each but a last one that stands for features never rectified. [B,H,W,C] -> [B,h,w,c]. Where no
 * width is given, it is the largest whose multiply-adds stay within `budget` (at least 4 channels).
 * @throws RangeError for fewer convolutions than reach the boundary's size
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
 * The AuxNet of a stage that starts with block `boundary`, deep enough to come down to its input: a depth that is too small
 * counts as the least that does, which whoever chose it is told elsewhere.
 */
export function reachingAuxiliary(
  network: NetworkDescription,
  boundary: number,
  budget: number,
  size: AuxiliarySize,
): Layer[] {
  const depth = size.depth && Math.max(size.depth, leastAuxiliaryDepth(network, boundary));
  return auxiliaryLayers(network, boundary, boundary, budget, { ...size, depth });
}

/** The largest width, from `NARROWEST` to `WIDEST`, that costs no more. @param costOf a width^2 + b width */
function widestWithin(budget: number, costOf: (width: number) => number): number {
  const [one, two] = [costOf(1), costOf(2)];
  const square = two / 2 - one;
  const linear = one - square;
  const root =
    square > 0 ? (Math.sqrt(linear ** 2 + 4 * square * budget) - linear) / (2 * square) : budget / linear;
  // Rounded, for a root that falls a rounding short of a whole number.
  const nearest = Math.min(Math.max(Math.round(root), NARROWEST), WIDEST);
  const fits = (square * nearest + linear) * nearest <= budget;
  return fits ? nearest : Math.max(nearest - 1, NARROWEST);
}

/** The fewest 3x3 convolutions that make the input of block `boundary` from the images. */
export function leastAuxiliaryDepth(network: NetworkDescription, boundary: number): number {
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
    const conv = convLayer(`aux${stage}/conv${index}`, 3, stride, shape, width);
    layers.push(conv, normLayer(`aux${stage}/norm${index}`, conv.output, true));
    shape = conv.output;
  });
  const last = convLayer(`aux${stage}/conv_out`, 3, 1, shape, block.output.channels);
  return [...layers, last, normLayer(`aux${stage}/norm_out`, last.output, block.rectified)];
}

/** Of all convolutions but the last. */
function hiddenStrides(network: NetworkDescription, boundary: number, depth: number | null): number[] {
  const least = leastAuxiliaryDepth(network, boundary);
  if (depth !== null && depth < least) {
    throw new RangeError(`an AuxNet of ${depth} convolutions does not reach block ${boundary}: ${least} do`);
  }
  const hidden = depth === null ? Math.max(1, least - 1) : depth - 1;
  return Array.from({ length: hidden }, (_, index) => (index < least - 1 ? 2 : 1));
}

/** The network rounds odd sizes up at each halving, so the halvings are walked, not computed. */
function halvings(image: Shape, boundary: Shape): number {
  let count = 0;
  for (let shape = image; shape.height > boundary.height || shape.width > boundary.width; count++) {
    shape = strided(shape, 2);
  }
  return count;
}
