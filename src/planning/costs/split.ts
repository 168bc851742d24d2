import type { JobSpec } from '../../contract/spec.js';
import { type AuxiliarySize, reachingAuxiliary, SIZED_BY_SHARE } from '../../network/auxiliary.js';
import { multiplyAdds } from '../../network/cost.js';
import type { NetworkDescription } from '../../network/description.js';
import { countFolded, trainedBlocks } from '../../network/frozen.js';
import { headLayers, localHead } from '../../network/heads.js';
import type { Layer } from '../../network/layers.js';
import { keptActivations, trainedWork, trainingWork } from './frozen-costs.js';

/** A criterion for splits that a job can name instead of a list. */
export type Balance = Extract<JobSpec['method']['split'], string>;

/**
 * Costs of stages for balancing. A stage with the blocks [start, end) costs `upTo[end] - upTo[start]` for its
 * layers, plus `starting[start]` and `ending[end]`, which are at least 0.
 */
export interface PartCounts {
  /** Cost of the layers before each number of blocks, from none to all. The last value includes the head. */
  readonly upTo: readonly number[];
  /** Cost of the AuxNet of a stage that starts at this block. */
  readonly starting: readonly number[];
  /** Cost of the local head of a stage that ends at this block. 0 for the last stage. */
  readonly ending: readonly number[];
}

/** Cost function for a list of layers. */
type Count = (layers: readonly Layer[]) => number;

/** Quantity that each criterion balances: the time of the stages, by their work (cost.ts), or the activations they keep. */
export const BALANCED: Readonly<Record<Balance, Count>> = { auto: trainingWork, memory: keptActivations };

/** Parts of stages besides their blocks. */
export interface SplitOptions {
  /** Size of the AuxNets, if the share does not decide it. */
  readonly size?: AuxiliarySize;
  readonly balance?: Balance;
  /** Set if every stage except the last has a local head. */
  readonly heads?: { readonly decoder: boolean } | null;
}

/**
 * Residual blocks per stage, such that the cost of the costliest stage (work or memory), including its AuxNet and
 * local head, is minimal. Among such splits, it picks the one whose first stages are longest.
 * @param auxiliaryShare multiply-adds of an AuxNet, as a share of those of the stages that it replaces, if no size
 * is given; 0 without AuxNets
 * @throws RangeError if there are more stages than blocks
 */
export function balancedSplit(
  network: NetworkDescription,
  stages: number,
  auxiliaryShare: number,
  options: SplitOptions = {},
): number[] {
  return balancedSplits(network, stages, auxiliaryShare, options).at(-1)!;
}

/** The same for every number of stages from 1 to `most`, at almost the cost of the last one alone. */
export function balancedSplits(
  network: NetworkDescription,
  max: number,
  auxiliaryShare: number,
  { size = SIZED_BY_SHARE, balance = 'auto', heads = null }: SplitOptions = {},
): number[][] {
  const count = network.storesFrozen && balance === 'auto' ? trainedWork : BALANCED[balance];
  const trained = trainedBlocks(network);
  const splits = balancedBy(
    {
      upTo: prefixSums(trained, count),
      starting: auxiliaryCosts(trained, count, auxiliaryShare, size),
      ending: heads ? headCosts(trained, count, heads.decoder) : [],
    },
    max,
  );
  return withFrozen(splits, countFolded(network));
}

/** The first stage has the frozen blocks, too. */
export function withFrozen(splits: readonly number[][], frozen: number): number[][] {
  return splits.map(([first = 0, ...others]) => [first + frozen, ...others]);
}

/** The same for other costs, like measured ones. @throws RangeError if there are more stages than blocks */
export function balancedBy(counts: PartCounts, max: number): number[][] {
  const blocks = counts.upTo.length - 1;
  if (max > blocks)
    throw new RangeError(`${max} stages need at least ${max} residual blocks; the network has ${blocks}`);
  const min = minBottlenecks(blocks, max, counts);
  return Array.from({ length: max }, (_, index) => longestFirst(min, counts, index + 1, blocks));
}

/** Among the splits with the minimal bottleneck, the one with the longest first stages. */
function longestFirst(min: number[][], counts: PartCounts, stages: number, blocks: number): number[] {
  const limit = min[stages]![0]!;
  const split: number[] = [];
  let start = 0;
  for (let left = stages - 1; left > 0; left--) {
    let end = blocks - left;
    while (whole(counts, start, end) > limit || min[left]![end]! > limit) end--;
    split.push(end - start);
    start = end;
  }
  return [...split, blocks - start];
}

/** [left][start]: minimal cost of the costliest of `left` stages over the blocks from `start` on. */
function minBottlenecks(blocks: number, stages: number, counts: PartCounts): number[][] {
  const min: number[][] = [[], Array.from({ length: blocks }, (_, start) => headless(counts, start, blocks))];
  for (let left = 2; left <= stages; left++) {
    const row: number[] = [];
    for (let start = 0; start <= blocks - left; start++) {
      let best = Number.POSITIVE_INFINITY;
      for (let end = start + 1; end <= blocks - left + 1; end++) {
        // From here on, the first stage alone costs more. Without this check, a network of 600 blocks would take
        // half a second.
        if (headless(counts, start, end) >= best) break;
        best = Math.min(best, Math.max(whole(counts, start, end), min[left - 1]![end]!));
      }
      row.push(best);
    }
    min.push(row);
  }
  return min;
}

/** Cost without the local head: it grows with `end` and is a lower bound of the whole cost. */
function headless({ upTo, starting }: PartCounts, start: number, end: number): number {
  return upTo[end]! - upTo[start]! + starting[start]!;
}

function whole(counts: PartCounts, start: number, end: number): number {
  return headless(counts, start, end) + (counts.ending[end] ?? 0);
}

/** [start]: cost of the AuxNet of a stage that starts before block `start`. 0 for the first stage. */
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

/** [end]: cost of the head of a stage that ends before block `end`. 0 for the last stage. */
function headCosts(network: NetworkDescription, count: Count, hasDecoder: boolean): number[] {
  return network.blocks.map((_, end) =>
    end === 0 ? 0 : count(headLayers({ head: localHead(network, 0, end, hasDecoder) })),
  );
}

/** Cumulative cost of the layers before each number of blocks, from none to all. */
function prefixSums({ stem, blocks, head }: NetworkDescription, count: Count): number[] {
  let sum = count(stem);
  const upTo = blocks.map(({ layers }, index) => {
    sum += count(layers) + (index === blocks.length - 1 ? count(head) : 0);
    return sum;
  });
  return [0, ...upTo];
}
