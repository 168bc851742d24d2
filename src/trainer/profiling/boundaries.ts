import type { ResolvedMethod } from '../../contract/spec.js';
import {
  type Layer,
  layersOfRange,
  localHead,
  multiplyAdds,
  type NetworkDescription,
  reachingAuxiliary,
  type Shape,
} from '../../network/index.js';

/** Where a network may be cut, and what stages then train beside their layers. */
export interface Boundary {
  /** Blocks before it. */
  readonly blocks: number;
  readonly shape: Shape;
  readonly auxiliary: readonly Layer[];
  readonly head: readonly Layer[];
}

/** More would tell little: what lies between two costs in proportion to its work. */
const MOST_BOUNDARIES = 8;

/** Evenly spread ones, the first and the last among them; none where there is one block. */
export function sampledBoundaries(
  network: NetworkDescription,
  size: ResolvedMethod['auxiliary'],
): Boundary[] {
  const all = network.blocks.length - 1;
  const count = Math.min(all, MOST_BOUNDARIES);
  return Array.from({ length: count }, (_, index) => {
    const blocks = count === 1 ? 1 : 1 + Math.round((index * (all - 1)) / (count - 1));
    const budget = size.cost_share * multiplyAdds(layersOfRange(network, 0, blocks));
    return {
      blocks,
      shape: network.blocks[blocks - 1]!.output,
      auxiliary: reachingAuxiliary(network, blocks, budget, size),
      head: localHead(network, blocks, blocks, false).classifier,
    };
  });
}
