import { type AuxiliarySize, auxiliaryLayers, SIZED_BY_SHARE } from './auxiliary.js';
import { multiplyAdds } from './cost.js';
import { layersOfRange, type NetworkDescription } from './description.js';
import type { LocalHead } from './heads.js';
import type { Layer, Shape } from './layers.js';

/** Stage k of K: its part of the network, and the AuxNet that makes its input (k >= 1). */
export interface StageDescription {
  readonly index: number;
  readonly isLast: boolean;
  readonly layers: readonly Layer[];
  /** Shape of lambda_k. For stage 0: shape of the images. */
  readonly input: Shape;
  /** Null for stage 0, which reads the images, and for methods without AuxNets. */
  readonly auxiliary: readonly Layer[] | null;
  /** Local head of the stage; null for the last stage, and for methods without local heads. */
  readonly head: LocalHead | null;
}

/**
 * Divides a network into stages of consecutive residual blocks.
 * @param split residual blocks per stage; their sum must be the number of blocks
 * @param auxiliaryShare multiply-adds of an AuxNet, as a share of those of the stages that it replaces
 * @param size of the AuxNets, if the share does not decide it
 * @throws RangeError if AuxNets of that depth cannot reach their boundary
 */
export function describeStages(
  network: NetworkDescription,
  split: readonly number[],
  auxiliaryShare: number,
  size: AuxiliarySize = SIZED_BY_SHARE,
): StageDescription[] {
  let start = 0;
  // Cost of everything before the boundary. It is a running sum, because deep networks have hundreds of blocks.
  let costBefore = 0;
  return split.map((count, index) => {
    const end = start + count;
    const isLast = index === split.length - 1;
    const layers = layersOfRange(network, start, end);
    const first = start === 0;
    const stage = {
      index,
      isLast,
      layers,
      input: first ? network.image : network.blocks[start - 1]!.output,
      auxiliary: first ? null : auxiliaryLayers(network, index, start, auxiliaryShare * costBefore, size),
      head: null,
    };
    start = end;
    costBefore += multiplyAdds(layers);
    return stage;
  });
}
