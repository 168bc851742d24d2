import type { MetricPoint } from '../../contract/client/jobs.js';
import type { components } from '../../contract/generated/openapi.js';
import { type PointRow, WHOLE_NETWORK } from './metrics.js';

type MetricSeries = components['schemas']['MetricSeries'];

/** Units of metrics by name. Other metrics are plain numbers. */
const UNITS: Readonly<Record<string, string>> = { loss: 'nat', images_per_second: 'images/s' };

/** @param rows ordered by series, then step */
export function toSeries(rows: readonly PointRow[]): MetricSeries[] {
  const groups = new Map<string, PointRow[]>();
  for (const row of rows) {
    const key = `${row.name}/${row.stage}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()].map(seriesOf);
}

function seriesOf(rows: readonly PointRow[]): MetricSeries {
  const { name, stage } = rows[0]!;
  return {
    name,
    stage: stageOf(stage),
    unit: unitOf(name),
    attempt: rows.reduce((max, row) => Math.max(max, row.attempt), 1),
    points: rows.map((row) => [row.step, row.value, row.at.toISOString()]),
  };
}

export function toPoint({ name, stage, step, value, attempt, at }: PointRow): MetricPoint {
  return { name, stage: stageOf(stage), unit: unitOf(name), step, value, attempt, at: at.toISOString() };
}

export const stageOf = (stage: number): number | null => (stage === WHOLE_NETWORK ? null : stage);
const unitOf = (name: string): string | null => (Object.hasOwn(UNITS, name) ? UNITS[name]! : null);
