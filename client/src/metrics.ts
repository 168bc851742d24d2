import type { components } from './generated/openapi.js';

export type MetricSeries = components['schemas']['MetricSeries'];
/** A point as the contract sends it. */
export type MetricPoint = readonly [step: number, value: number, at: string];

export const pointsOf = ({ points }: MetricSeries): readonly MetricPoint[] =>
  points as unknown as readonly MetricPoint[];

/** The newest time among the points: `since` of the next request. Null without a point. */
export function newestTime(series: readonly MetricSeries[]): string | null {
  // Times of the contract have one form, so their texts have the order of the times.
  return series
    .flatMap(pointsOf)
    .reduce<string | null>((newest, [, , at]) => (newest === null || at > newest ? at : newest), null);
}

/**
 * Known series with what was written since. Points of an increment replace all known ones between its first and its last
 * step: a repeated attempt has written these steps again.
 */
export function withIncrement(
  known: readonly MetricSeries[],
  increment: readonly MetricSeries[],
): MetricSeries[] {
  const changes = new Map(increment.map((series) => [keyOf(series), series]));
  const merged = known.map((series) => {
    const change = changes.get(keyOf(series));
    changes.delete(keyOf(series));
    return change ? spliced(series, change) : series;
  });
  return [...merged, ...changes.values()];
}

const keyOf = ({ name, stage }: MetricSeries) => `${name}/${stage}`;

function spliced(known: MetricSeries, change: MetricSeries): MetricSeries {
  const [first, last] = [pointsOf(change)[0], pointsOf(change).at(-1)];
  if (first === undefined || last === undefined) return known;
  const points = pointsOf(known);
  const kept = [
    ...points.filter(([step]) => step < first[0]),
    ...pointsOf(change),
    ...points.filter(([step]) => step > last[0]),
  ];
  const attempt = Math.max(known.attempt, change.attempt);
  return { ...known, attempt, points: kept as unknown as MetricSeries['points'] };
}
