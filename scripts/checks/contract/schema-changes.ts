import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../src/api/openapi.js';
import { isObject } from '../../../src/contract/is-object.js';

/**
 * The direction of data. In a request, a narrower schema may reject the client's data; in a response, a wider one
 * may surprise the client.
 */
export type Direction = 'request' | 'response';

interface Place {
  readonly where: string;
  readonly direction: Direction;
  /** Looks up the whole document; resolves a schema behind its `$ref`. */
  readonly before: (node: unknown) => JsonObject;
  readonly after: (node: unknown) => JsonObject;
  /** Pairs under comparison: schemas may contain themselves. */
  readonly open: readonly (readonly [unknown, unknown])[];
}

/** Bounds that narrow when they rise, and those that narrow when they fall. */
const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];

/**
 * One line for each change of a schema that can break a client. A new value of an answer's enum is none: clients are
 * told to expect them.
 */
export function schemaChanges(old: unknown, fresh: unknown, place: Place): string[] {
  const [a, b] = [place.before(old), place.after(fresh)];
  if (place.open.some(([x, y]) => x === a && y === b)) return [];
  const inner = { ...place, open: [...place.open, [a, b] as const] };
  const [olds, news] = [alternativesOf(a), alternativesOf(b)];
  if (olds.length === 1 && news.length === 1) return plainChanges(a, b, inner);
  // Each thing sent must still fit somewhere; each thing answered must have been possible.
  const fits = (one: unknown, other: unknown) => schemaChanges(one, other, inner).length === 0;
  const lost =
    place.direction === 'request'
      ? olds.filter((one) => !news.some((other) => fits(one, other)))
      : news.filter((other) => !olds.some((one) => fits(one, other)));
  return lost.map((schema) => `${place.where}: the alternatives changed: ${JSON.stringify(schema)}`);
}

function alternativesOf(schema: JsonObject): unknown[] {
  const { anyOf = schema.oneOf } = schema;
  return Array.isArray(anyOf) ? anyOf : [schema];
}

function plainChanges(a: JsonObject, b: JsonObject, place: Place): string[] {
  const own = place.direction === 'request' ? narrowings(a, b) : widenings(a, b);
  const say = own.map((what) => `${place.where}: ${what}`);
  return [...say, ...propertyChanges(a, b, place), ...itemChanges(a, b, place)];
}

/** Takes every text but those that no database holds, which could never be used: to say so takes nothing away. */
const NO_NUL = '^[^\\u0000]*$';

function narrowings(a: JsonObject, b: JsonObject): string[] {
  return [
    ...typesOf(a).flatMap((type) => (accepts(b, type) ? [] : [`no longer takes ${type}`])),
    ...(typesOf(a).length === 0 && typesOf(b).length > 0 ? ['takes fewer types'] : []),
    ...valuesLost(a, b),
    ...LOWER.filter((bound) => rises(a[bound], b[bound])).map((bound) => `${bound} rose to ${b[bound]}`),
    ...UPPER.filter((bound) => rises(b[bound], a[bound])).map((bound) => `${bound} fell to ${b[bound]}`),
    ...['pattern', 'uniqueItems'].flatMap((rule) =>
      b[rule] === undefined || b[rule] === a[rule] || b[rule] === NO_NUL ? [] : [`${rule} is now ${b[rule]}`],
    ),
    ...namesIn(b.required)
      .filter((name) => !namesIn(a.required).includes(name))
      .map((name) => `${name} is now required`),
    ...(a.additionalProperties !== false && b.additionalProperties === false ? ['refuses other fields'] : []),
    ...(isDeepStrictEqual(a.default, b.default) ? [] : [`the default is now ${JSON.stringify(b.default)}`]),
  ];
}

function widenings(a: JsonObject, b: JsonObject): string[] {
  return [
    ...(typesOf(a).length > 0 && typesOf(b).length === 0 ? ['may be of any type'] : []),
    ...typesOf(b).flatMap((type) => (accepts(a, type) ? [] : [`may now be ${type}`])),
    ...namesIn(a.required)
      .filter((name) => !namesIn(b.required).includes(name))
      .map((name) => `${name} may be absent`),
  ];
}

function propertyChanges(a: JsonObject, b: JsonObject, place: Place): string[] {
  const [olds, news] = [fieldsOf(a), fieldsOf(b)];
  return Object.entries(olds).flatMap(([name, schema]) => {
    const where = `${place.where}/${name}`;
    if (name in news) return schemaChanges(schema, news[name], { ...place, where });
    const ignored = place.direction === 'request' && b.additionalProperties !== false;
    return ignored ? [] : [`${where}: is gone`];
  });
}

function itemChanges(a: JsonObject, b: JsonObject, place: Place): string[] {
  return ['items', 'additionalProperties', 'propertyNames'].flatMap((key) =>
    isObject(a[key]) && isObject(b[key])
      ? schemaChanges(a[key], b[key], { ...place, where: `${place.where}/${key}` })
      : [],
  );
}

function valuesLost(a: JsonObject, b: JsonObject): string[] {
  const kept = 'const' in b ? [b.const] : b.enum;
  if (!Array.isArray(kept)) return [];
  const olds = 'const' in a ? [a.const] : a.enum;
  if (!Array.isArray(olds)) return ['takes listed values only'];
  return olds
    .filter((value) => !kept.includes(value))
    .map((value) => `no longer takes ${JSON.stringify(value)}`);
}

/** Is `high` a bound above `low`? A bound that appears counts as raised. */
function rises(low: unknown, high: unknown): boolean {
  return typeof high === 'number' && (typeof low !== 'number' || high > low);
}

function accepts(schema: JsonObject, type: string): boolean {
  const types = typesOf(schema);
  return types.length === 0 || types.includes(type) || (type === 'integer' && types.includes('number'));
}

function typesOf({ type }: JsonObject): string[] {
  return type === undefined ? [] : [type].flat().map(String);
}

function namesIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function fieldsOf({ properties }: JsonObject): JsonObject {
  return isObject(properties) ? properties : {};
}
