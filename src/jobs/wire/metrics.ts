import type { components } from '../../contract/generated/openapi.js';
import { type PointRow, WHOLE_NETWORK } from '../store/metrics.js';
import { downsample } from './downsample.js';

type MetricSeries = components['schemas']['MetricSeries'];

/** Series of at most `points` points each. @param rows ordered by series, then step */
export function toSeries(rows: readonly PointRow[], points: number): MetricSeries[] {
  const groups = new Map<string, PointRow[]>();
  for (const row of rows) {
    // JSON has no such numbers; a loss that is none fails its task with an error of its own.
    if (!Number.isFinite(row.value)) continue;
    const key = `${row.name}/${row.stage}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map((group) => seriesOf(group, points));
}

function seriesOf(rows: readonly PointRow[], points: number): MetricSeries {
  const { name, stage } = rows[0]!;
  const kept = downsample(rows, points, (row) => [row.step, row.value]);
  return {
    name,
    stage: stage === WHOLE_NETWORK ? null : stage,
    unit: null,
    attempt: rows.reduce((most, row) => Math.max(most, row.attempt), 1),
    points: kept.map((row) => [row.step, row.value, row.at.toISOString()]),
  };
}
