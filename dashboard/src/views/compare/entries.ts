import type { Curve } from '../../charts/plot.js';
import type { Schemas } from '../../server.js';
import { colorName } from '../../wavefront/colors.js';

/** A job with its metrics. */
export interface Entry {
  readonly job: Schemas['Job'];
  readonly series: readonly Schemas['MetricSeries'][];
  /** Place among the compared jobs, which gives the color. */
  readonly index: number;
}

export const AXES = ['step', 'epoch', 'seconds'] as const;
export type Axis = (typeof AXES)[number];

/** One curve for each job: the first of the metrics that it has, of the whole network or of its last stage. */
export function comparedCurves(entries: readonly Entry[], names: readonly string[], axis: Axis): Curve[] {
  return entries.flatMap(({ job, series, index }) => {
    const last = (job.spec.method.stages ?? 1) - 1;
    const found = names.flatMap((name) =>
      series.filter((each) => each.name === name && (each.stage === null || each.stage === last)),
    );
    // A job with an end-to-end phase has the loss of its last stage first, then that of the whole network.
    const points = found
      .filter(({ name }) => name === found[0]?.name)
      .flatMap((each) => each.points as unknown as [number, number, string][])
      .map(([step, value, at]) => [xOf(job, axis, step, at), value] as const)
      .sort(([a], [b]) => a - b);
    return points.length === 0 ? [] : [{ label: job.name || job.id, color: colorName(index), points }];
  });
}

function xOf(job: Schemas['Job'], axis: Axis, step: number, at: string): number {
  if (axis === 'step') return step;
  if (axis === 'epoch') return step / job.plan.steps_per_epoch;
  return (Date.parse(at) - Date.parse(job.started_at ?? job.created_at)) / 1000;
}

/** Settings that are not the same in all specs, by name like `method.stages`. */
export function differences(specs: readonly object[]): [name: string, values: string[]][] {
  const flat = specs.map((spec) => new Map(entriesOf(spec, [])));
  const names = [...new Set(flat.flatMap((each) => [...each.keys()]))];
  return names
    .map((name): [string, string[]] => [name, flat.map((each) => each.get(name) ?? '–')])
    .filter(([, values]) => new Set(values).size > 1);
}

function entriesOf(value: unknown, path: readonly string[]): [string, string][] {
  const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isGroup) return [[path.join('.'), typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => entriesOf(inner, [...path, key]));
}
