/** A benchmark: ours beside its peers, measured in the same run. */
export interface Benchmark {
  readonly name: string;
  /** The subject of the benchmark, in one line. */
  readonly title: string;
  run(options: BenchmarkOptions): Promise<BenchmarkReport>;
}

export interface BenchmarkReport {
  /** Report for the reader, line by line. */
  readonly lines: readonly string[];
  /** All of it, for programs. */
  readonly figures: object;
}

export interface BenchmarkOptions {
  /** Measured steps of each contender, after `warmup` that are not. */
  readonly steps: number;
  readonly warmup: number;
  /** The archive that `import` uploads; where `techniques` keeps its finished parts, so that a run that was stopped goes on. */
  readonly file: string | null;
  readonly say: (line: string) => void;
}

export interface Measurement {
  readonly contender: string;
  readonly version: string;
  readonly milliseconds: readonly number[];
  readonly memory: Memory;
  /** Loss of the first measured step: contenders that compute something else would show here. */
  readonly firstLoss: number;
}

/** High-water marks of a process's resident memory, in MB: with its runtime loaded and nothing done, and at its end. */
export interface Memory {
  readonly baseMb: number;
  readonly peakMb: number;
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
  readonly memory: Memory;
}

export function summarize(measurements: readonly Measurement[]): Summary[] {
  const ours = median(measurements[0]?.milliseconds ?? []);
  return measurements.map(({ contender, version, milliseconds, firstLoss, memory }) => ({
    contender,
    version,
    medianMs: round(median(milliseconds), 1),
    fastestMs: round(Math.min(...milliseconds), 1),
    slowestMs: round(Math.max(...milliseconds), 1),
    firstLoss: round(firstLoss, 3),
    timesOurs: round(median(milliseconds) / ours, 2),
    memory: { baseMb: round(memory.baseMb, 0), peakMb: round(memory.peakMb, 0) },
  }));
}

export function table(summaries: readonly Summary[]): string[] {
  const rows = summaries.map(({ contender, version, medianMs, fastestMs, slowestMs, timesOurs, memory }) =>
    [
      contender.padEnd(12),
      `${medianMs.toFixed(1).padStart(8)} ms`,
      `${fastestMs.toFixed(1).padStart(8)} .. ${slowestMs.toFixed(1).padEnd(8)}`,
      timesOurs.toFixed(2).padStart(6),
      `${memory.peakMb} MB (${memory.baseMb} before)`.padEnd(22),
      version,
    ].join('  '),
  );
  const head = [
    ''.padEnd(12),
    'median'.padStart(11),
    'fastest .. slowest'.padEnd(20),
    'x ours',
    'peak memory',
  ];
  return [head.join('  '), ...rows];
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
