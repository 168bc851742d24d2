import { type AuxiliarySize, reachingAuxiliary, SIZED_BY_SHARE } from '../../network/auxiliary.js';
import { activations, multiplyAdds, work } from '../../network/cost.js';
import type { NetworkDescription } from '../../network/description.js';
import { headLayers, localHead } from '../../network/heads.js';
import type { Layer } from '../../network/layers.js';

/** What a split balances: the stages' time, by their work (cost.ts), or their memory, by the activations they keep. */
export type Balance = 'cost' | 'memory';

/**
 * What stages count for where they are balanced: a stage over blocks [start, end) `upTo[end] - upTo[start]`, and beside its
 * layers `starting[start]` and `ending[end]`, which are at least 0.
 */
export interface PartCounts {
  /** Of the layers before each number of blocks, from none to all; the last with the head. */
  readonly upTo: readonly number[];
  /** Of what a stage has that starts at a boundary: its AuxNet. */
  readonly starting: readonly number[];
  /** Of what it has where it ends: a local head. The last stage has nothing. */
  readonly ending: readonly number[];
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
  const count = balance === 'memory' ? activations : work;
  return balancedBy(
    {
      upTo: prefixSums(network, count),
      starting: auxiliaryCosts(network, count, auxiliaryShare, size),
      ending: heads ? headCosts(network, count, heads.decoder) : [],
    },
    most,
  );
}

/** The same by other counts, as measured ones are. @throws RangeError when there are more stages than blocks */
export function balancedBy(counts: PartCounts, most: number): number[][] {
  const blocks = counts.upTo.length - 1;
  if (most > blocks) throw new RangeError(`${most} stages need as many residual blocks; there are ${blocks}`);
  const least = leastBottlenecks(blocks, most, counts);
  return Array.from({ length: most }, (_, index) => longestFirst(least, counts, index + 1, blocks));
}

/** Of the splits whose costliest stage costs least. */
function longestFirst(least: number[][], counts: PartCounts, stages: number, blocks: number): number[] {
  const limit = least[stages]![0]!;
  const split: number[] = [];
  let start = 0;
  for (let left = stages - 1; left > 0; left--) {
    let end = blocks - left;
    while (whole(counts, start, end) > limit || least[left]![end]! > limit) end--;
    split.push(end - start);
    start = end;
  }
  return [...split, blocks - start];
}

/** [left][start]: what the costliest of `left` stages over the blocks from `start` on costs at least. */
function leastBottlenecks(blocks: number, stages: number, counts: PartCounts): number[][] {
  const least: number[][] = [
    [],
    Array.from({ length: blocks }, (_, start) => headless(counts, start, blocks)),
  ];
  for (let left = 2; left <= stages; left++) {
    const row: number[] = [];
    for (let start = 0; start <= blocks - left; start++) {
      let best = Number.POSITIVE_INFINITY;
      for (let end = start + 1; end <= blocks - left + 1; end++) {
        // From here on the first stage alone costs more. Without this a network of 600 blocks would take half a second.
        if (headless(counts, start, end) >= best) break;
        best = Math.min(best, Math.max(whole(counts, start, end), least[left - 1]![end]!));
      }
      row.push(best);
    }
    least.push(row);
  }
  return least;
}

/** Without what it has where it ends: grows with `end`, and is never more than the whole. */
function headless({ upTo, starting }: PartCounts, start: number, end: number): number {
  return upTo[end]! - upTo[start]! + starting[start]!;
}

function whole(counts: PartCounts, start: number, end: number): number {
  return headless(counts, start, end) + (counts.ending[end] ?? 0);
}

/** [start]: of the AuxNet of a stage that starts before block `start`; none of the first. */
function auxiliaryCosts(
  network: NetworkDescription,
  count: Count,
  share: number,
  size: AuxiliarySize,
): number[] {
  const upTo = prefixSums(network, multiplyAdds);
  return network.blocks.map((_, start) =>
    start === 0 || share === 0 ? 0 : count(reachingAuxiliary(network, start, share * upTo[start]!, size)),
  );
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
