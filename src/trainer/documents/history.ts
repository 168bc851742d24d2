import type { MetricHistory } from '../../contract/trainer-protocol.js';

/** A job's metric series so far, as its worker wrote them down for the finalizer. */
export function decodeHistory(bytes: Uint8Array): MetricHistory {
  return JSON.parse(new TextDecoder().decode(bytes)) as MetricHistory;
}

export type Series = MetricHistory['series'][number];

/** The series of one name, by stage; that of the whole network first. */
export function seriesNamed(history: MetricHistory, name: string): Series[] {
  return history.series
    .filter((series) => series.name === name)
    .toSorted((a, b) => (a.stage ?? -1) - (b.stage ?? -1));
}

/** Its value at the highest step. */
export function lastValue({ points }: Series): number | null {
  return points.at(-1)?.[1] ?? null;
}
