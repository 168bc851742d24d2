import type { ErrorObject } from 'ajv';
import type { FieldError } from '../../contract/errors.js';
import { nearest } from '../../contract/nearest.js';
import { isObject } from '../openapi.js';
import { describe } from './describe.js';

/** Postgres stores every character but one. */
const NO_NUL = '^[^\\u0000]*$';

/** Ajv's errors about one part of a request, as fields at fault with a remedy each, one a field. */
export function explain(errors: readonly ErrorObject[], part: NonNullable<FieldError['in']>): FieldError[] {
  const fields = new Map<string, FieldError>();
  for (const error of relevant(errors)) {
    const pointer = pointerOf(error);
    if (!fields.has(pointer)) fields.set(pointer, { in: part, pointer, message: messageOf(error) });
  }
  return [...fields.values()];
}

/**
 * Of an `anyOf` Ajv reports every alternative that failed. The reader needs the fault deepest in the value, or else
 * one sentence about all alternatives.
 */
function relevant(errors: readonly ErrorObject[]): ErrorObject[] {
  const alternatives = errors.filter(({ keyword }) => keyword === 'anyOf').map((error) => error.instancePath);
  const isAlternative = (path: string) => alternatives.includes(path);
  const hasDeeper = (path: string) => errors.some(({ instancePath }) => instancePath.startsWith(`${path}/`));
  return errors.filter(({ instancePath, keyword }) => {
    // What is wrong with the name is an error of its own.
    if (keyword === 'propertyNames') return false;
    if (!isAlternative(instancePath)) return true;
    return keyword === 'anyOf' && !hasDeeper(instancePath);
  });
}

function pointerOf({ instancePath, keyword, params, propertyName }: ErrorObject): string {
  const child = { additionalProperties: params.additionalProperty, required: params.missingProperty }[
    keyword
  ];
  const name = child ?? propertyName;
  return name === undefined ? instancePath : `${instancePath}/${escapeToken(String(name))}`;
}

function escapeToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

function messageOf(error: ErrorObject): string {
  const limit = error.params.limit;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownField(error);
    case 'required':
      return 'This field is needed.';
    case 'minLength':
      return `Must have at least ${limit} characters.`;
    case 'maxLength':
      return `Must have at most ${limit} characters.`;
    case 'minItems':
      return `Must have at least ${limit} items.`;
    case 'maxItems':
      return `Must have at most ${limit} items.`;
    case 'minProperties':
      return `Must have at least ${limit} field${limit === 1 ? '' : 's'}.`;
    case 'maxProperties':
      return `Must have at most ${limit} field${limit === 1 ? '' : 's'}.`;
    case 'uniqueItems':
      return 'Must not hold the same item twice.';
    case 'pattern':
      return error.params.pattern === NO_NUL
        ? 'Must not hold the character U+0000.'
        : `Must match ${error.params.pattern}.`;
    default:
      return `Must be ${describe(error.parentSchema)}.`;
  }
}

function unknownField({ params, parentSchema }: ErrorObject): string {
  const unknown = String(params.additionalProperty);
  const known = isObject(parentSchema?.properties) ? parentSchema.properties : {};
  const similar = nearest(unknown, Object.keys(known)) ?? deeper(unknown, known);
  if (similar !== undefined) return `Unknown field; did you mean \`${similar}\`?`;
  const names = Object.keys(known).map((name) => `\`${name}\``);
  return names.length > 0
    ? `Unknown field; known are ${names.join(', ')}.`
    : 'Unknown field; none is known here.';
}

/** The dotted path to a field of exactly this name in a nested object: `depth` belongs in `model.depth`. */
function deeper(name: string, properties: object): string | undefined {
  for (const [parent, schema] of Object.entries(properties)) {
    if (!isObject(schema) || !isObject(schema.properties)) continue;
    if (Object.hasOwn(schema.properties, name)) return `${parent}.${name}`;
    const found = deeper(name, schema.properties);
    if (found !== undefined) return `${parent}.${found}`;
  }
  return undefined;
}
