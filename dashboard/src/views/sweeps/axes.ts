import type { Trial } from '../../../../client/src/index.js';

/** An axis of parallel coordinates: a field that is searched, or the objective. */
export interface Axis {
  readonly name: string;
  /** Labels of its lower and its upper end. */
  readonly ends: readonly [string, string];
  /** The place of a trial on it, from 0 to 1; null where it has no value. */
  readonly placeOf: (trial: Trial) => number | null;
}

type Value = Trial['parameters'][string];

/** The fields in order, and the objective last. */
export function axesOf(fields: readonly AxisField[], trials: readonly Trial[], metric: string): Axis[] {
  const searched = fields.map((field) => fieldAxis(field, trials));
  const values = trials.flatMap(({ value }) => (value === null ? [] : [value]));
  return [...searched, numberAxis(metric, values, false, ({ value }) => value)];
}

export interface AxisField {
  readonly name: string;
  readonly isLog: boolean;
}

function fieldAxis({ name, isLog }: AxisField, trials: readonly Trial[]): Axis {
  const values = trials.flatMap(({ parameters }) => (name in parameters ? [parameters[name] ?? null] : []));
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length < values.length) return wordAxis(name, values);
  return numberAxis(name, numbers, isLog, ({ parameters }) => {
    const value = parameters[name];
    return typeof value === 'number' ? value : null;
  });
}

function numberAxis(
  name: string,
  values: readonly number[],
  isLog: boolean,
  read: (trial: Trial) => number | null,
): Axis {
  const scaled = (value: number) => (isLog ? Math.log(value) : value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = scaled(high) - scaled(low);
  return {
    name,
    ends: values.length === 0 ? ['', ''] : [label(low), label(high)],
    placeOf: (trial) => {
      const value = read(trial);
      if (value === null || values.length === 0) return null;
      return span > 0 ? (scaled(value) - scaled(low)) / span : 0.5;
    },
  };
}

/** Values that are no numbers stand in the order in which they came. */
function wordAxis(name: string, values: readonly Value[]): Axis {
  const words = [...new Set(values.map(String))];
  return {
    name,
    ends: [words[0] ?? '', words.at(-1) ?? ''],
    placeOf: ({ parameters }) => {
      const index = words.indexOf(String(parameters[name]));
      if (index < 0) return null;
      return words.length > 1 ? index / (words.length - 1) : 0.5;
    },
  };
}

const label = (value: number): string => String(Number(value.toPrecision(3)));
