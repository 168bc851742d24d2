import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const LOOK_MS = 1_000;
/** A heap may differ by this factor between two garbage collections. */
const HEAP_VARIATION = 1.25;

/** Resident memory of processes over the time of a test, looked at every second. */
export class MemoryWatch {
  private readonly series: {
    readonly name: string;
    readonly pid: () => number;
    readonly megabytes: number[];
  }[];
  private readonly timer = setInterval(() => this.look(), LOOK_MS);

  /**
   * @param pids a process that is restarted has another one
   * @param quantile of the looks of a quarter. Above the median for processes that are restarted all the time: those that
   * have just started are small, and how many of them a quarter has is chance.
   */
  constructor(
    pids: Readonly<Record<string, () => number>>,
    private readonly quantile = 0.5,
  ) {
    this.series = Object.entries(pids).map(([name, pid]) => ({ name, pid, megabytes: [] }));
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** The quantile of each quarter of the time, in MB. */
  summary(): string {
    const of = (megabytes: readonly number[]) =>
      quarters(megabytes, this.quantile).map((found) => found.toFixed(0));
    return this.series.map(({ name, megabytes }) => `${name} ${of(megabytes).join(', ')} MB`).join('; ');
  }

  /** Flat: the last quarter's is not over the second one's, but for a heap's breath. The first one warms up. */
  assertFlat(): void {
    for (const { name, megabytes } of this.series) {
      const [, second = 0, , last = 0] = quarters(megabytes, this.quantile);
      assert.ok(last <= second * HEAP_VARIATION, `${name} grew from ${second} to ${last} MB`);
    }
  }

  private look(): void {
    for (const { pid, megabytes } of this.series) {
      const kilobytes = residentKilobytes(pid());
      if (kilobytes !== null) megabytes.push(kilobytes / 1024);
    }
  }
}

/** null where the process has ended, or has none of its own memory any more. */
function residentKilobytes(pid: number): number | null {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? null : Number(kilobytes);
  } catch {
    return null;
  }
}

function quarters(values: readonly number[], quantile: number): number[] {
  const length = Math.ceil(values.length / 4);
  return [0, 1, 2, 3].map((part) => {
    const sorted = values.slice(part * length, (part + 1) * length).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * quantile)] ?? 0;
  });
}
