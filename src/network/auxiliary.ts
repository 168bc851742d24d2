import { multiplyAdds } from './cost.js';
import { layersOfRange, type NetworkDescription } from './description.js';
import { convLayer, type Layer, normLayer, type Shape, strided } from './layers.js';

const NARROWEST = 4;
const WIDEST = 4096;

/**
 * The AuxNet A_k: stride-2 3x3 convolutions down to the boundary's size (one of stride 1 where it has the image's
 * size), then one 3x3 to the boundary's channels; batch norm after each, ReLU after each but a last one that stands
 * for features never rectified. [B,H,W,C] -> [B,h,w,c]. Its width is the largest whose multiply-adds stay within
 * `share` of the stages it stands for (at least 4 channels).
 */
export function auxiliaryLayers(
  network: NetworkDescription,
  stage: number,
  boundary: number,
  share: number,
): Layer[] {
  const budget = share * multiplyAdds(layersOfRange(network, 0, boundary));
  const build = (width: number) => layersOfWidth(network, stage, boundary, width);
  let width = NARROWEST;
  while (width < WIDEST && multiplyAdds(build(width + 1)) <= budget) width++;
  return build(width);
}

function layersOfWidth(network: NetworkDescription, stage: number, boundary: number, width: number): Layer[] {
  const block = network.blocks[boundary - 1]!;
  const strides = hiddenStrides(network.image, block.output);
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

/** The network rounds odd sizes up at each halving, so the halvings are walked, not computed. */
function hiddenStrides(image: Shape, boundary: Shape): number[] {
  const strides: number[] = [];
  for (let shape = image; shape.height > boundary.height || shape.width > boundary.width; ) {
    strides.push(2);
    shape = strided(shape, 2);
  }
  return strides.length === 0 ? [1] : strides;
}
