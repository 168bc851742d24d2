import { pointsOf } from '../../../client/src/index.js';
import type { Schemas } from '../server.js';
import { colorName } from '../wavefront/colors.js';
import type { Curve } from './plot.js';

type Series = Schemas['MetricSeries'];

/** Step and value of each point. */
const valuesOf = (series: Series) => pointsOf(series).map(([step, value]) => [step, value] as const);

/** One curve for each series of the name, in the colors of the stages. */
export function curvesByStage(series: readonly Series[], name: string): Curve[] {
  return series
    .filter((each) => each.name === name && each.points.length > 0)
    .sort((a, b) => (a.stage ?? -1) - (b.stage ?? -1))
    .map((each) => ({
      label: each.stage === null ? 'whole network' : `stage ${each.stage}`,
      color: colorName(each.stage),
      points: valuesOf(each),
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
    const color = colorName(index === 0 ? null : index);
    return [{ label: LABELS[name] ?? name, color, points: valuesOf(found) }];
  });
}

/** The last value of a series; null if there is none. */
export function lastValue(series: readonly Series[], name: string, stage: number | null): number | null {
  const found = series.find((each) => each.name === name && each.stage === stage);
  return (found && pointsOf(found).at(-1)?.[1]) ?? null;
}
