import type { MetricHistory } from '../../contract/trainer-protocol.js';

/** The metric series of a job so far, as its worker stored them for the finalizer. */
export function decodeHistory(bytes: Uint8Array): MetricHistory {
  return JSON.parse(new TextDecoder().decode(bytes)) as MetricHistory;
}

export type Series = MetricHistory['series'][number];

/** The series with one name, by stage. The series of the whole network comes first. */
export function seriesNamed(history: MetricHistory, name: string): Series[] {
  return history.series
    .filter((series) => series.name === name)
    .toSorted((a, b) => (a.stage ?? -1) - (b.stage ?? -1));
}

/** The value at the highest step. */
export function lastValue({ points }: Series): number | null {
  return points.at(-1)?.[1] ?? null;
}
