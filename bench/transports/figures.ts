import { median } from '../benchmark.js';

/** Messages that were sent one after another without waiting for their arrival. */
export interface Burst {
  readonly bytes: number;
  /** From handing over the first one to the arrival of the last one. */
  readonly seconds: number;
  /** Processor time of both processes. */
  readonly cpuSeconds: number;
  /** The main threads' part of it. */
  readonly mainThreadSeconds: number;
}

export interface Figures {
  readonly mbPerSecond: Spread;
  readonly latencyMs: { readonly median: number; readonly p95: number };
  readonly cpuSecondsPerGb: number;
  readonly mainThreadSecondsPerGb: number;
}

export interface Spread {
  readonly median: number;
  readonly slowest: number;
  readonly fastest: number;
}

const MB = 1e6;
const GB = 1e9;

/** @param latencies seconds of messages that were alone on their way */
export function figuresOf(bursts: readonly Burst[], latencies: readonly number[]): Figures {
  const rates = bursts.map(({ bytes, seconds }) => bytes / MB / seconds);
  const gigabytes = total(bursts, 'bytes') / GB;
  return {
    mbPerSecond: {
      median: rounded(median(rates), 1),
      slowest: rounded(Math.min(...rates), 1),
      fastest: rounded(Math.max(...rates), 1),
    },
    latencyMs: {
      median: rounded(1e3 * median(latencies), 2),
      p95: rounded(1e3 * percentile(latencies, 0.95), 2),
    },
    cpuSecondsPerGb: rounded(total(bursts, 'cpuSeconds') / gigabytes, 2),
    mainThreadSecondsPerGb: rounded(total(bursts, 'mainThreadSeconds') / gigabytes, 2),
  };
}

/** The smallest value that at least this share of all values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('a percentile of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1]!;
}

function total(bursts: readonly Burst[], of: keyof Burst): number {
  return bursts.reduce((all, burst) => all + burst[of], 0);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
