import { type AuxiliarySize, auxiliaryLayers, SIZED_BY_SHARE } from './auxiliary.js';
import { multiplyAdds } from './cost.js';
import { layersOfRange, type NetworkDescription } from './description.js';
import type { LocalHead } from './heads.js';
import type { Layer, Shape } from './layers.js';

/** Stage k of K: its share of the network, and the AuxNet that makes its input (k >= 1). */
export interface StageDescription {
  readonly index: number;
  readonly isLast: boolean;
  readonly layers: readonly Layer[];
  /** Shape of lambda_k: the images for stage 0. */
  readonly input: Shape;
  /** Null for stage 0, which reads the images themselves, and where the method has no AuxNets. */
  readonly auxiliary: readonly Layer[] | null;
  /** What the stage learns from where its method has local heads; null for the last stage and for other methods. */
  readonly head: LocalHead | null;
}

/**
 * Cuts a network into stages of consecutive residual blocks.
 * @param split residual blocks per stage; must sum to the number of blocks
 * @param auxiliaryShare multiply-adds of an AuxNet as a share of those of the stages it stands for
 * @param size of the AuxNets where the share does not decide it
 * @throws RangeError where AuxNets of that depth do not reach their boundary
 */
export function describeStages(
  network: NetworkDescription,
  split: readonly number[],
  auxiliaryShare: number,
  size: AuxiliarySize = SIZED_BY_SHARE,
): StageDescription[] {
  let start = 0;
  // Of everything before the boundary: summed up on the way, since deep networks have hundreds.
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
