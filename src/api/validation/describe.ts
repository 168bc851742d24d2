import { isObject } from '../../contract/is-object.js';
import type { JsonObject } from '../openapi.js';

const NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

/** Describes the values that a schema accepts: `a whole number from 8 to 1202, or null`. */
export function describe(schema: unknown): string {
  if (!isObject(schema)) return 'another value';
  if (Array.isArray(schema.anyOf)) return joinOr(schema.anyOf.map(describe));
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return joinOr(schema.enum.map((value) => JSON.stringify(value)));
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return joinOr(types.map((type) => describeType(String(type), schema)));
}

function describeType(type: string, schema: JsonObject): string {
  const name = NAMES[type] ?? 'another value';
  if (type === 'number' || type === 'integer') return name + describeRange(schema);
  if (type === 'array' && isObject(schema.items))
    return `a list in which each item is ${describe(schema.items)}`;
  return name;
}

function describeRange({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonObject): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const parts = [
    minimum !== undefined && `at least ${minimum}`,
    exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`,
    maximum !== undefined && `at most ${maximum}`,
    exclusiveMaximum !== undefined && `below ${exclusiveMaximum}`,
  ].filter((part) => part !== false);
  return parts.length > 0 ? ` ${parts.join(' and ')}` : '';
}

function joinOr(options: readonly string[]): string {
  return options.length < 2 ? (options[0] ?? '') : `${options.slice(0, -1).join(', ')} or ${options.at(-1)}`;
}
