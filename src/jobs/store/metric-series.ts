import type { MetricPoint } from '../../contract/client/jobs.js';
import type { components } from '../../contract/generated/openapi.js';
import { type PointRow, WHOLE_NETWORK } from './metrics.js';
import type { ThinnedSeries } from './thin-metrics.js';

type MetricSeries = components['schemas']['MetricSeries'];

/** Units of metrics by name. Other metrics are plain numbers. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['loss', 'nat'],
  ['images_per_second', 'images/s'],
]);

/** Points of a report share its time, so that most times are that of the point before. */
function isoTimes(): (seconds: number) => string {
  let last = Number.NaN;
  let text = '';
  return (seconds) => {
    if (seconds !== last) {
      last = seconds;
      text = new Date(Math.round(seconds * 1_000)).toISOString();
    }
    return text;
  };
}

export function thinnedSeries(series: readonly ThinnedSeries[]): MetricSeries[] {
  const iso = isoTimes();
  return series.map(({ name, stage, attempt, points }) => ({
    name,
    stage: stageOf(stage),
    unit: unitOf(name),
    attempt,
    points: points.map(([step, value, seconds]) => [step, value, iso(seconds)]),
  }));
}

/** The points of one series. */
interface Group {
  readonly name: string;
  readonly stage: number;
  readonly rows: PointRow[];
}

/** @param rows ordered by series, then step */
export function toSeries(rows: readonly PointRow[]): MetricSeries[] {
  const groups = new Map<string, Group>();
  for (const row of rows) {
    const key = `${row.name}/${row.stage}`;
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { name: row.name, stage: row.stage, rows: [row] });
  }
  return [...groups.values()].map(seriesOf);
}

function seriesOf({ name, stage, rows }: Group): MetricSeries {
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
const unitOf = (name: string): string | null => UNITS.get(name) ?? null;
