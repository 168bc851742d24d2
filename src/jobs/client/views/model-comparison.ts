import { isDeepStrictEqual } from 'node:util';
import type { Model } from '../../../contract/client/models.js';
import type { components } from '../../../contract/generated/openapi.js';
import { isObject } from '../../../contract/is-object.js';
import { stageOf } from '../../store/metric-series.js';
import type { CurveEnd } from '../../store/metrics.js';
import type { ModelRow } from '../../store/models.js';
import { resultOf, specOf, toModel } from './model.js';

type Comparison = components['schemas']['ModelComparison'];
type Difference = Comparison['spec'][number];

/** A model, and the last points of the curves of its job. */
export interface Contestant {
  readonly row: ModelRow;
  readonly curves: readonly CurveEnd[];
}

export function compare(first: Contestant, second: Contestant): Comparison {
  const [a, b] = [toModel(first.row), toModel(second.row)];
  return {
    object: 'model_comparison',
    a,
    b,
    spec: differences(specOf(first.row), specOf(second.row)),
    figures: compareFigures(allFigures(first.row, a), allFigures(second.row, b)),
    curves: compareCurves(first.curves, second.curves),
  };
}

/** The leaves in which two JSON values differ. A list is one leaf, and a missing value counts as null. */
export function differences(a: unknown, b: unknown, pointer = ''): Difference[] {
  if (isObject(a) && isObject(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return names.flatMap((name) => differences(a[name], b[name], `${pointer}/${escaped(name)}`));
  }
  return isDeepStrictEqual(a ?? null, b ?? null) ? [] : [{ pointer, a: a ?? null, b: b ?? null }];
}

/** RFC 6901, section 3. */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function allFigures(row: ModelRow, { variants }: Model): Map<string, number> {
  const figures = new Map(Object.entries(resultOf(row).figures));
  for (const { variant, parameters, latency, formats } of variants) {
    figures.set(`parameters_${variant}`, parameters);
    if (latency) figures.set(`latency_ms_${variant}`, latency.single_ms);
    for (const { format, size_bytes } of formats) {
      figures.set(`size_bytes_${variant}_${format.replaceAll('-', '_')}`, size_bytes);
    }
  }
  return figures;
}

function compareFigures(first: Map<string, number>, second: Map<string, number>): Comparison['figures'] {
  return [...new Set([...first.keys(), ...second.keys()])].map((name) => {
    const [a, b] = [first.get(name) ?? null, second.get(name) ?? null];
    return { name, a, b, difference: a === null || b === null ? null : b - a };
  });
}

function compareCurves(first: readonly CurveEnd[], second: readonly CurveEnd[]): Comparison['curves'] {
  const keyOf = ({ name, stage }: CurveEnd) => `${name}/${stage}`;
  const [a, b] = [first, second].map((ends) => new Map(ends.map((end) => [keyOf(end), end])));
  const series = new Map([...first, ...second].map((end) => [keyOf(end), end]));
  return [...series].map(([key, { name, stage }]) => {
    return { name, stage: stageOf(stage), a: pointOf(a?.get(key)), b: pointOf(b?.get(key)) };
  });
}

function pointOf(end: CurveEnd | undefined): Comparison['curves'][number]['a'] {
  return end ? { step: end.step, value: end.value } : null;
}
