import type { Problems } from '../spec/problems.js';
import type { Dimension, ParameterValue, Search, Space } from './types.js';

/** More points than this are no sweep but a mistake. */
export const MAX_TRIALS = 1_000;
/** Rounding must not lose the last point of `min`, `max` and `step`. */
const EDGE = 1e-9;

/** `a/b` as it stands in a JSON pointer. */
export const escapedToken = (text: string): string => text.replaceAll('~', '~0').replaceAll('/', '~1');
export const spacePointer = (name: string): string => `/space/${escapedToken(name)}`;

/** Reports what no search can draw from. */
export function checkSpace(space: Space, search: Search, report: Problems): void {
  const names = Object.keys(space);
  if (search.type === 'none' && names.length > 0)
    report('/space', 'Must be empty with `search.type` none: no point is drawn from it.');
  if (search.type !== 'none' && names.length === 0)
    report('/space', 'Name at least one field to search, or use `search.type` none.');
  for (const name of names) {
    const dimension = space[name];
    if (dimension)
      checkDimension(dimension, search, (field, text) => report(`${spacePointer(name)}${field}`, text));
    const parent = names.find((other) => name.startsWith(`${other}/`));
    if (parent !== undefined)
      report(spacePointer(name), `${parent} is searched as a whole. Remove one of the two.`);
  }
}

function checkDimension(
  { values, min, max, step, scale }: Dimension,
  search: Search,
  report: Problems,
): void {
  if (values !== undefined) {
    const extra = Object.entries({ min, max, step, scale }).find(([, value]) => value !== undefined)?.[0];
    if (extra !== undefined) report(`/${extra}`, 'Give either `values`, or `min` and `max`.');
    return;
  }
  if (min === undefined || max === undefined) {
    report('', 'Give either `values`, or `min` and `max`.');
    return;
  }
  if (min > max) report('/min', `Must be at most \`max\`, which is ${max}. Swap the two.`);
  if (scale === 'log' && min <= 0) report('/min', 'Must be above 0 with `scale` log.');
  if (scale === 'log' && step !== undefined)
    report('/step', 'Use `step` with `scale` linear, or list the `values`.');
  if (search.type === 'grid' && step === undefined)
    report('/step', 'A grid needs `values`, or a `step` between `min` and `max`.');
}

/** Number of values of a dimension; null for a range without a step. */
export function sizeOf({ values, min = 0, max = 0, step }: Dimension): number | null {
  if (values !== undefined) return values.length;
  return step === undefined ? null : Math.floor((max - min) / step + EDGE) + 1;
}

/** Points of a whole grid. */
export function gridSize(space: Space): number {
  return Object.values(space).reduce((product, dimension) => product * (sizeOf(dimension) ?? 1), 1);
}

/** Value number `index` of a dimension that has a size. */
export function valueNumber({ values, min = 0, step = 1 }: Dimension, index: number): ParameterValue {
  if (values !== undefined) return values[index] ?? null;
  return tidied(min + index * step);
}

/** @param share where the value lies in the dimension, in [0, 1) */
export function valueAt(dimension: Dimension, share: number): ParameterValue {
  const size = sizeOf(dimension);
  if (size !== null) return valueNumber(dimension, Math.floor(share * size));
  const { min = 0, max = 0, scale } = dimension;
  return scale === 'log' ? min * (max / min) ** share : min + share * (max - min);
}

/** 0.1 + 2 * 0.1 is 0.3 for people. */
const tidied = (value: number): number => Number(value.toPrecision(12));
