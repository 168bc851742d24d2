import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { isObject } from '../../contract/is-object.js';
import { memoize } from '../../contract/memoize.js';
import { hasAtMostParts } from '../http/json-parts.js';
import type { JsonObject } from '../openapi.js';

/** Whether the date of a time exists: `Date` takes 31 April for 1 May. */
function isTime(text: string): boolean {
  const day = text.slice(0, 'yyyy-mm-dd'.length);
  const parsed = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(day);
}

/** OpenAPI 3.1 schemas are JSON Schema 2020-12. Fuzzing showed that each option below is needed. */
const COMMON = {
  strict: false,
  allowUnionTypes: true,
  discriminator: true,
  removeAdditional: false,
  useDefaults: true,
  // Values of other formats are judged by a pattern or by the operation.
  formats: { 'date-time': isTime, uri: true, 'uri-reference': true, binary: true },
  // Errors then include the failed schema, from which the remedy is worded.
  verbose: true,
} as const;

/**
 * Validates bodies unchanged. Converts the text of query, path and headers to numbers and booleans before
 * validation.
 */
export function useContractValidation(app: FastifyInstance): void {
  const exact = boundedCompiler({ ...COMMON, coerceTypes: false });
  const fromText = boundedCompiler({ ...COMMON, coerceTypes: 'array' });
  app.setValidatorCompiler<JsonObject>(({ schema, httpPart }) => {
    if (httpPart === 'body') return exact(schema);
    if (httpPart === 'querystring') return fromText({ ...schema, additionalProperties: false });
    if (httpPart === 'headers') return fromText(withLowerCaseNames(schema));
    return fromText(schema);
  });
}

/** Checks values that are no body of a request, compiled like these. The check says what is wrong in `found`. */
export function bodyCompiler<T>(): (
  schema: JsonObject,
) => (value: unknown, found: ErrorObject[]) => value is T {
  const ajv = new Ajv2020({ ...COMMON, coerceTypes: false, allErrors: true });
  return (schema) => {
    const compiled = memoize(() => ajv.compile<T>(schema), { max: 1 });
    return (value, found): value is T => {
      const validate = compiled();
      if (validate(value)) return true;
      found.push(...(validate.errors ?? []));
      return false;
    };
  };
}

/** Values of which a request may consist for every error of it to be listed. */
const MAX_LISTED_PARTS = 1_000;

type Compile = (schema: JsonObject) => (data: unknown) => boolean | { readonly error: ErrorObject[] };

/**
 * Two validators of each schema, each compiled when it is first needed: all of them would take a server seconds to start.
 * The first ends at the first error, so a request costs no more than reading it once. The second lists every error, at
 * several for each value, and is asked only about requests of few values.
 */
function boundedCompiler(options: ConstructorParameters<typeof Ajv2020>[0]): Compile {
  const first = new Ajv2020({ ...options, allErrors: false });
  const every = new Ajv2020({ ...options, allErrors: true });
  return (schema) => {
    const quick = compiledOnce(first, schema);
    const list = compiledOnce(every, schema);
    return (data) => {
      const isValid = quick();
      if (isValid(data)) return true;
      const errors = hasAtMostParts(data, MAX_LISTED_PARTS) ? errorsOf(list(), data) : [];
      return { error: errors.length > 0 ? errors : [...(isValid.errors ?? [])] };
    };
  };
}

function compiledOnce(ajv: Ajv2020, schema: JsonObject): () => ValidateFunction {
  return memoize(() => ajv.compile(schema), { max: 1 });
}

function errorsOf(validate: ValidateFunction, data: unknown): ErrorObject[] {
  return validate(data) ? [] : [...(validate.errors ?? [])];
}

/** Node has header names in lower case; Fastify adapts schemas to that only for its own validator. */
function withLowerCaseNames(schema: JsonObject): JsonObject {
  if (!isObject(schema.properties)) return schema;
  const properties = Object.entries(schema.properties).map(([name, value]) => [name.toLowerCase(), value]);
  return { ...schema, properties: Object.fromEntries(properties) };
}
