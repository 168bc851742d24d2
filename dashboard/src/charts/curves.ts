import type { Schemas } from '../server.js';
import { colorName } from '../wavefront/colors.js';
import type { Curve } from './plot.js';

type Series = Schemas['MetricSeries'];

/** A point of a series as the contract sends it: [step, value, time]. */
const pointOf = (point: unknown) => point as readonly [step: number, value: number, at: string];

/** One curve for each series of the name, in the colors of the stages. */
export function curvesByStage(series: readonly Series[], name: string): Curve[] {
  return series
    .filter((each) => each.name === name && each.points.length > 0)
    .sort((a, b) => (a.stage ?? -1) - (b.stage ?? -1))
    .map(({ stage, points }) => ({
      label: stage === null ? 'whole network' : `stage ${stage}`,
      color: colorName(stage),
      points: points.map((point) => [pointOf(point)[0], pointOf(point)[1]] as const),
    }));
}

const LABELS: Readonly<Record<string, string>> = {
  test_accuracy: 'test, full network',
  compact_accuracy: 'test, compact network',
  validation_accuracy: 'validation, full network',
  compact_validation_accuracy: 'validation, compact network',
};

/** One curve for each metric of the whole network among `names`, each in a hue of its own. */
export function curvesByName(series: readonly Series[], names: readonly string[]): Curve[] {
  return names.flatMap((name, index) => {
    const found = series.find((each) => each.name === name && each.stage === null);
    if (!found || found.points.length === 0) return [];
    const points = found.points.map((point) => [pointOf(point)[0], pointOf(point)[1]] as const);
    return [{ label: LABELS[name] ?? name, color: colorName(index === 0 ? null : index), points }];
  });
}

/** The last value of a series; null if there is none. */
export function lastValue(series: readonly Series[], name: string, stage: number | null): number | null {
  const found = series.find((each) => each.name === name && each.stage === stage)?.points.at(-1);
  return found === undefined ? null : pointOf(found)[1];
}
