import type { ErrorObject } from 'ajv';
import { type FieldError, MAX_FIELD_ERRORS } from '../../contract/errors.js';
import { isObject } from '../../contract/is-object.js';
import { nearest } from '../../contract/nearest.js';
import { describe } from './describe.js';

/** Postgres can store every character except U+0000. */
const NO_NUL = '^[^\\u0000]*$';

/** Converts Ajv's errors about one part of a request to invalid fields with remedies, one error per field. */
export function explain(errors: readonly ErrorObject[], part: NonNullable<FieldError['in']>): FieldError[] {
  const fields = new Map<string, FieldError>();
  for (const error of relevant(errors)) {
    const pointer = pointerOf(error);
    if (!fields.has(pointer)) fields.set(pointer, { in: part, pointer, message: messageOf(error) });
    if (fields.size === MAX_FIELD_ERRORS) break;
  }
  return [...fields.values()];
}

/**
 * For an `anyOf` or `oneOf`, Ajv reports the errors of every alternative. The reader needs the error deepest in the
 * value, or one sentence about all alternatives.
 */
function relevant(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf').map((error) => error.instancePath);
  const alternatives = new Set(choices);
  const ofOneOf = errors.filter(({ keyword }) => keyword === 'oneOf').map((error) => `${error.schemaPath}/`);
  const withDeeper = new Set(errors.flatMap(({ instancePath }) => pathsAbove(instancePath)));
  return errors.filter(({ instancePath, keyword, schemaPath }) => {
    // Ajv reports the reason why a name is invalid as a separate error.
    if (keyword === 'propertyNames') return false;
    if (ofOneOf.length > 0 && ofOneOf.some((path) => schemaPath.startsWith(path))) return false;
    if (!alternatives.has(instancePath)) return true;
    return keyword === 'anyOf' && !withDeeper.has(instancePath);
  });
}

/** `/a` and the empty path of `/a/b`. */
function pathsAbove(path: string): string[] {
  const tokens = path.split('/');
  return tokens.slice(1).map((_, end) => tokens.slice(0, end + 1).join('/'));
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
      return 'This field is required.';
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
      return 'Must not contain the same item twice.';
    case 'format':
    case 'pattern':
    case 'not':
      return error.params.pattern === NO_NUL
        ? 'Must not contain the character U+0000.'
        : `Must be ${expectedBy(error)}.`;
    case 'oneOf':
      return oneOfFields(error.parentSchema?.oneOf) ?? `Must be ${describe(error.parentSchema)}.`;
    default:
      return `Must be ${describe(error.parentSchema)}.`;
  }
}

/** The words of the contract for a pattern, which is no help to who broke it. */
function expectedBy({ parentSchema, params }: ErrorObject): string {
  return String(parentSchema?.['x-expected'] ?? `text that matches ${params.pattern}`);
}

/** Alternatives that differ by their required field. */
function oneOfFields(alternatives: unknown): string | null {
  if (!Array.isArray(alternatives)) return null;
  const fields = alternatives.map((schema) => (isObject(schema) ? schema.required : null));
  if (!fields.every((required) => Array.isArray(required) && required.length === 1)) return null;
  return `Must have exactly one of ${fields.map((required) => `\`${(required as string[])[0]}\``).join(' and ')}.`;
}

function unknownField({ params, parentSchema }: ErrorObject): string {
  const unknown = String(params.additionalProperty);
  const known = isObject(parentSchema?.properties) ? parentSchema.properties : {};
  const similar = nearest(unknown, Object.keys(known)) ?? deeper(unknown, known);
  if (similar !== undefined) return `Unknown field; did you mean \`${similar}\`?`;
  const names = Object.keys(known).map((name) => `\`${name}\``);
  return names.length > 0
    ? `Unknown field; the known fields are ${names.join(', ')}.`
    : 'Unknown field; no fields are allowed here.';
}

/** The dotted path to a field of exactly this name in a nested object, as in `model.depth` for `depth`. */
function deeper(name: string, properties: object): string | undefined {
  for (const [parent, schema] of Object.entries(properties)) {
    if (!isObject(schema) || !isObject(schema.properties)) continue;
    if (Object.hasOwn(schema.properties, name)) return `${parent}.${name}`;
    const found = deeper(name, schema.properties);
    if (found !== undefined) return `${parent}.${found}`;
  }
  return undefined;
}
