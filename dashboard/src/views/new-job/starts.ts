import type { Schemas } from '../../server.js';
import type { Field } from './schema.js';
import { type SpecValue, valueAt, withValue } from './value.js';

/** Something stored from which a job can start. */
export interface Start {
  readonly kind: 'weights' | 'model';
  readonly id: string;
  readonly label: string;
  readonly network: Pick<Schemas['ModelSpec'], 'family' | 'depth' | 'width' | 'padding'>;
}

const KINDS = ['weights', 'model'] as const;
const placeOf = (kind: Start['kind']): string[] => ['init_from', kind];

const labelOf = (name: string, { family, depth, width }: Start['network'], from: string): string =>
  `${name}: ${family} ${depth}, width ${width} (${from})`;

export function startsOf(
  weights: readonly Schemas['Weights'][],
  models: readonly Schemas['Model'][],
): readonly Start[] {
  return [
    ...weights.map(({ id, name, layout, network }): Start => {
      return { kind: 'weights', id, label: labelOf(name, network, layout), network };
    }),
    ...models.map(({ id, name, dataset, network: { family, depth, width, padding } }): Start => {
      const network = { family, depth, width, padding };
      return { kind: 'model', id, label: labelOf(name, network, `${dataset.name}, ${id}`), network };
    }),
  ];
}

/** The field of a start as a choice of those that there are. */
export function asChoice(field: Field, starts: readonly Start[]): Field {
  const kind = KINDS.find((each) => placeOf(each).join() === field.path.join());
  const known = starts.filter((start) => start.kind === kind);
  if (known.length === 0) return field;
  const labels = Object.fromEntries(known.map(({ id, label }) => [id, label]));
  return { ...field, kind: 'choice', choices: known.map(({ id }) => id), labels };
}

/** A job has one start and must ask for its network: choosing a start chooses the network, and drops the other start. */
export function withTheirNetwork(before: SpecValue, after: SpecValue, starts: readonly Start[]): SpecValue {
  const chosen = starts.find(({ kind, id }) => {
    const place = placeOf(kind);
    return valueAt(after, place) === id && valueAt(before, place) !== id;
  });
  if (chosen === undefined) return after;
  const others = KINDS.filter((kind) => kind !== chosen.kind).map(placeOf);
  const alone = others.reduce<SpecValue>((spec, place) => withValue(spec, place, undefined), after);
  return Object.entries(chosen.network).reduce<SpecValue>(
    (spec, [key, value]) => withValue(spec, ['model', key], value),
    alone,
  );
}
