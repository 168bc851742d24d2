import { type AuxiliarySize, auxiliaryLayers, leastAuxiliaryDepth, SIZED_BY_SHARE } from './auxiliary.js';
import { activations, multiplyAdds, work } from './cost.js';
import type { NetworkDescription } from './description.js';
import { headLayers, localHead } from './heads.js';
import type { Layer } from './layers.js';

/** What a split balances: the stages' time, by their work (cost.ts), or their memory, by the activations they keep. */
export type Balance = 'cost' | 'memory';

/** Of a stage over blocks [start, end). */
interface StageCost {
  /** With what it trains beside them. */
  readonly whole: (start: number, end: number) => number;
  /** Without its local head: grows with `end`, and is never more than the whole. */
  readonly headless: (start: number, end: number) => number;
}

/** What layers count for. */
type Count = (layers: readonly Layer[]) => number;

/** What the stages of a split have beside their blocks. */
export interface SplitOptions {
  /** Of the AuxNets, where the share does not decide it. */
  readonly size?: AuxiliarySize;
  readonly balance?: Balance;
  /** Where every stage but the last has a local head. */
  readonly heads?: { readonly decoder: boolean } | null;
}

/**
 * Residual blocks per stage such that the costliest stage (work, or memory), its AuxNet and local head included, costs
 * least; among such splits the one whose first stages are longest.
 * @param auxiliaryShare what an AuxNet costs as a share of the multiply-adds of the stages it stands for, where no size is
 * given; 0 where there are no AuxNets
 * @throws RangeError when there are more stages than blocks
 */
export function balancedSplit(
  network: NetworkDescription,
  stages: number,
  auxiliaryShare: number,
  options: SplitOptions = {},
): number[] {
  return balancedSplits(network, stages, auxiliaryShare, options).at(-1)!;
}

/** The same for every number of stages from 1 to `most`, for little more than the last one alone. */
export function balancedSplits(
  network: NetworkDescription,
  most: number,
  auxiliaryShare: number,
  { size = SIZED_BY_SHARE, balance = 'cost', heads = null }: SplitOptions = {},
): number[][] {
  const blocks = network.blocks.length;
  if (most > blocks) throw new RangeError(`${most} stages need as many residual blocks; there are ${blocks}`);
  const count = balance === 'memory' ? activations : work;
  const headless = stageCost(network, count, auxiliaryShare, size);
  const headCost = heads ? headCosts(network, count, heads.decoder) : [];
  const cost = {
    headless,
    whole: (start: number, end: number) => headless(start, end) + (headCost[end] ?? 0),
  };
  const least = leastBottlenecks(blocks, most, cost);
  return Array.from({ length: most }, (_, index) => longestFirst(least, cost, index + 1, blocks));
}

/** Of the splits whose costliest stage costs least. */
function longestFirst(least: number[][], cost: StageCost, stages: number, blocks: number): number[] {
  const limit = least[stages]![0]!;
  const counts: number[] = [];
  let start = 0;
  for (let left = stages - 1; left > 0; left--) {
    let end = blocks - left;
    while (cost.whole(start, end) > limit || least[left]![end]! > limit) end--;
    counts.push(end - start);
    start = end;
  }
  return [...counts, blocks - start];
}

/** [left][start]: what the costliest of `left` stages over the blocks from `start` on costs at least. */
function leastBottlenecks(blocks: number, stages: number, cost: StageCost): number[][] {
  const least: number[][] = [[], Array.from({ length: blocks }, (_, start) => cost.whole(start, blocks))];
  for (let left = 2; left <= stages; left++) {
    const row: number[] = [];
    for (let start = 0; start <= blocks - left; start++) {
      let best = Number.POSITIVE_INFINITY;
      for (let end = start + 1; end <= blocks - left + 1; end++) {
        // From here on the first stage alone costs more. Without this a network of 600 blocks would take half a second.
        if (cost.headless(start, end) >= best) break;
        best = Math.min(best, Math.max(cost.whole(start, end), least[left - 1]![end]!));
      }
      row.push(best);
    }
    least.push(row);
  }
  return least;
}

/** What a stage's layers and its AuxNet count together. */
function stageCost(
  network: NetworkDescription,
  count: Count,
  share: number,
  size: AuxiliarySize,
): StageCost['headless'] {
  const prefix = prefixSums(network, count);
  const upTo = prefixSums(network, multiplyAdds);
  const auxiliary = network.blocks.map((_, start) => {
    if (start === 0 || share === 0) return 0;
    return count(auxiliaryLayers(network, 0, start, share * upTo[start]!, reaching(network, start, size)));
  });
  return (start, end) => prefix[end]! - prefix[start]! + auxiliary[start]!;
}

/** [end]: of the head of a stage that ends before block `end`; none where that is the last. */
function headCosts(network: NetworkDescription, count: Count, hasDecoder: boolean): number[] {
  return network.blocks.map((_, end) =>
    end === 0 ? 0 : count(headLayers({ head: localHead(network, 0, end, hasDecoder) })),
  );
}

/** Sums of what each layer counts, over the layers up to each number of blocks, from none to all. */
function prefixSums({ stem, blocks, head }: NetworkDescription, count: Count): number[] {
  let sum = count(stem);
  const upTo = blocks.map(({ layers }, index) => {
    sum += count(layers) + (index === blocks.length - 1 ? count(head) : 0);
    return sum;
  });
  return [0, ...upTo];
}

/** As deep as it must be: whether a depth that is too small is refused, the split's user says. */
function reaching(network: NetworkDescription, boundary: number, size: AuxiliarySize): AuxiliarySize {
  const depth = size.depth && Math.max(size.depth, leastAuxiliaryDepth(network, boundary));
  return { ...size, depth };
}
