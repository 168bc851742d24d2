/** A benchmark: ours beside its peers, measured in the same run. */
export interface Benchmark {
  readonly name: string;
  /** What is measured, in one line. */
  readonly title: string;
  run(options: BenchmarkOptions): Promise<readonly Measurement[]>;
}

export interface BenchmarkOptions {
  /** Measured steps of each contender, after `warmup` that are not. */
  readonly steps: number;
  readonly warmup: number;
  readonly say: (line: string) => void;
}

export interface Measurement {
  readonly contender: string;
  readonly version: string;
  readonly milliseconds: readonly number[];
  /** Of the first measured step: contenders that compute something else would show here. */
  readonly firstLoss: number;
}

export interface Summary {
  readonly contender: string;
  readonly version: string;
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly slowestMs: number;
  readonly firstLoss: number;
  /** Median over the first contender's, which is ours: above 1 the peer is slower. */
  readonly timesOurs: number;
}

export function summarize(measurements: readonly Measurement[]): Summary[] {
  const ours = median(measurements[0]?.milliseconds ?? []);
  return measurements.map(({ contender, version, milliseconds, firstLoss }) => ({
    contender,
    version,
    medianMs: round(median(milliseconds), 1),
    fastestMs: round(Math.min(...milliseconds), 1),
    slowestMs: round(Math.max(...milliseconds), 1),
    firstLoss: round(firstLoss, 3),
    timesOurs: round(median(milliseconds) / ours, 2),
  }));
}

/** @throws RangeError for no values */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
