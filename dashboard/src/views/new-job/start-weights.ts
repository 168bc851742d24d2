import type { Schemas } from '../../server.js';
import type { Field } from './schema.js';
import { type SpecValue, valueAt, withValue } from './value.js';

const PLACE = ['init_from', 'weights'];

/** The field of uploaded weights as a choice of those that there are. */
export function asChoice(field: Field, known: readonly Schemas['Weights'][]): Field {
  if (known.length === 0) return field;
  const labels = Object.fromEntries(
    known.map(({ id, name, layout, network }) => [
      id,
      `${name}: ${network.family} ${network.depth}, width ${network.width} (${layout})`,
    ]),
  );
  return { ...field, kind: 'choice', choices: known.map(({ id }) => id), labels };
}

/** A job must ask for the network of its weights: choosing weights chooses it. */
export function withTheirNetwork(
  before: SpecValue,
  after: SpecValue,
  known: readonly Schemas['Weights'][],
): SpecValue {
  const id = valueAt(after, PLACE);
  const chosen = known.find((each) => each.id === id);
  if (chosen === undefined || id === valueAt(before, PLACE)) return after;
  return Object.entries(chosen.network).reduce<SpecValue>(
    (spec, [key, value]) => withValue(spec, ['model', key], value),
    after,
  );
}
