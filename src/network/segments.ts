import { keptValues, work } from './cost.js';
import type { IntegralLayer, Layer, ResidualLayer, Shape } from './layers.js';

/** Neighboring layers of a pass. */
export interface Segment {
  readonly layers: readonly Layer[];
  /** Whether its features are freed after the forward pass, and computed again from its input before the backward pass. */
  readonly recomputed: boolean;
}

/** A block with the layers before it, or the last one with all behind it: the smallest piece that is computed again. */
interface Unit {
  readonly layers: readonly Layer[];
  /** Values per image that a pass through it keeps, its output included. */
  readonly kept: number;
  /** Values per image of its output. */
  readonly output: number;
}

/** Costs of a pass through some layers that computes features again, per image. */
export interface SegmentCost {
  /** Values at the peak. */
  readonly kept: number;
  /** Work (cost.ts) of the forward passes that are made again. */
  readonly workAgain: number;
}

/**
 * Cuts layers at their blocks. The last segment is kept, since its backward pass comes at once; those before it are
 * computed again, once each. The peak of a segment is the outputs of those before it and its own features: the cuts have
 * the least peak, or one of at most `maxValues`, and among those the last segment is as long as can be.
 * @param maxValues per image; null, or less than can be: the least that can be
 */
export function segmentsOf(layers: readonly Layer[], maxValues: number | null): Segment[] {
  const units = unitsOf(layers);
  return cutsOf(units, maxValues).map((cut, index, cuts) => {
    const end = cuts[index + 1] ?? units.length;
    return {
      layers: units.slice(cut, end).flatMap((unit) => unit.layers),
      recomputed: index < cuts.length - 1,
    };
  });
}

export function segmentCost(layers: readonly Layer[], maxValues: number | null): SegmentCost {
  const segments = segmentsOf(layers, maxValues);
  let [before, kept, workAgain] = [0, 0, 0];
  for (const segment of segments) {
    kept = Math.max(kept, before + keptValues(segment.layers));
    if (!segment.recomputed) continue;
    before += unitsOf(segment.layers).at(-1)?.output ?? 0;
    workAgain += work(segment.layers);
  }
  return { kept, workAgain };
}

/** The smallest budget in values per image that can be kept. */
export function leastKept(layers: readonly Layer[]): number {
  return segmentCost(layers, null).kept;
}

function unitsOf(layers: readonly Layer[]): Unit[] {
  const ends = layers.flatMap((layer, index) => (isBlock(layer) ? [index + 1] : []));
  const cuts = [0, ...ends.slice(0, -1)];
  return cuts.map((start, index) => {
    const own = layers.slice(start, cuts[index + 1]);
    return { layers: own, kept: keptValues(own), output: outputOf(own) };
  });
}

/** Values of the block that ends a unit. The last unit's are not asked for. */
function outputOf(layers: readonly Layer[]): number {
  const last = layers.at(-1);
  return last && isBlock(last) ? valuesOf(last.output) : 0;
}

function isBlock(layer: Layer): layer is ResidualLayer | IntegralLayer {
  return layer.op === 'residual' || layer.op === 'integral';
}

const valuesOf = ({ height, width, channels }: Shape): number => height * width * channels;

/** First units of the segments. */
function cutsOf(units: readonly Unit[], maxValues: number | null): number[] {
  const upTo = prefixSums(units.map(({ kept }) => kept));
  if (maxValues !== null && (upTo.at(-1) ?? 0) <= maxValues) return [0];
  const bound = boundsOf(units, upTo, maxValues);
  const { before, from } = cheapestPrefixes(units, upTo, bound);
  const n = units.length;
  const tail = before.findIndex((values, start) => values + upTo[n]! - upTo[start]! <= bound);
  const cuts: number[] = [];
  for (let cut = tail; cut > 0; cut = from[cut]!) cuts.unshift(cut);
  return [0, ...cuts];
}

/** The given bound where it can be kept, else the least one that can: the peak of some segment, found by halving. */
function boundsOf(units: readonly Unit[], upTo: readonly number[], maxValues: number | null): number {
  if (maxValues !== null && fits(units, upTo, maxValues)) return maxValues;
  let [low, high] = [0, upTo.at(-1) ?? 0];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(units, upTo, middle)) high = middle;
    else low = middle;
  }
  return high;
}

function fits(units: readonly Unit[], upTo: readonly number[], bound: number): boolean {
  const { before } = cheapestPrefixes(units, upTo, bound);
  return before.some(
    (values, start) => start < units.length && values + upTo.at(-1)! - upTo[start]! <= bound,
  );
}

/**
 * [n]: the fewest values of outputs that are kept where a segment begins at unit n, if no segment before has a peak over
 * the bound (infinite where none can), and where the segment before it then begins.
 */
function cheapestPrefixes(units: readonly Unit[], upTo: readonly number[], bound: number) {
  const before = [0];
  const from = [0];
  for (let end = 1; end < units.length; end++) {
    const output = units[end - 1]!.output;
    let best = Number.POSITIVE_INFINITY;
    let bestStart = 0;
    for (let start = end - 1; start >= 0 && upTo[end]! - upTo[start]! <= bound; start--) {
      const peak = before[start]! + upTo[end]! - upTo[start]!;
      if (peak <= bound && before[start]! + output < best) {
        best = before[start]! + output;
        bestStart = start;
      }
    }
    before.push(best);
    from.push(bestStart);
  }
  return { before, from };
}

function prefixSums(values: readonly number[]): number[] {
  const sums = [0];
  for (const value of values) sums.push(sums.at(-1)! + value);
  return sums;
}
