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

/** A place where a network may be split, and the parts that stages then train in addition. */
export interface Boundary {
  /** Number of blocks before it. */
  readonly blocks: number;
  readonly shape: Shape;
  readonly auxiliary: readonly Layer[];
  readonly head: readonly Layer[];
}

/** Maximum number of measured boundaries. Costs between two of them are proportional to their work. */
const MAX_BOUNDARIES = 8;

/** Evenly spread boundaries, including the first and the last. None for a network with one block. */
export function sampledBoundaries(
  network: NetworkDescription,
  size: ResolvedMethod['auxiliary'],
): Boundary[] {
  const all = network.blocks.length - 1;
  const count = Math.min(all, MAX_BOUNDARIES);
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
