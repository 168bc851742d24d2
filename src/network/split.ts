import { multiplyAdds } from './cost.js';
import { layersOfRange, type NetworkDescription } from './description.js';

/**
 * Residual blocks per stage such that the costliest stage, its AuxNet included, costs least.
 *
 * A stage over blocks [i, j) costs S(j) - S(i) + share * S(i), S being the cost of a prefix. That falls as i grows,
 * so filling stages greedily up to a limit uses the fewest, and bisection finds the least limit that K stages meet.
 * @throws RangeError when there are more stages than blocks
 */
export function balancedSplit(network: NetworkDescription, stages: number, auxiliaryShare: number): number[] {
  const blocks = network.blocks.length;
  if (stages > blocks)
    throw new RangeError(`${stages} stages need as many residual blocks; there are ${blocks}`);
  const prefix = Array.from({ length: blocks + 1 }, (_, end) =>
    end === 0 ? 0 : multiplyAdds(layersOfRange(network, 0, end)),
  );
  let low = 0;
  let high = prefix[blocks]! * (1 + auxiliaryShare);
  for (let iteration = 0; iteration < 60; iteration++) {
    const limit = (low + high) / 2;
    if (fill(prefix, stages, auxiliaryShare, limit) === null) low = limit;
    else high = limit;
  }
  return fill(prefix, stages, auxiliaryShare, high)!;
}

/** Greedy stages within `limit`, at least one block each, exactly `stages` of them; null where they do not suffice. */
function fill(prefix: readonly number[], stages: number, share: number, limit: number): number[] | null {
  const blocks = prefix.length - 1;
  const counts: number[] = [];
  let start = 0;
  for (let left = stages; left > 0; left--) {
    const base = (1 - share) * prefix[start]!;
    const lastEnd = blocks - (left - 1);
    let end = start + 1;
    while (end < lastEnd && prefix[end + 1]! - base <= limit) end++;
    if (prefix[end]! - base > limit) return null;
    counts.push(end - start);
    start = end;
  }
  return start === blocks ? counts : null;
}
