import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { isObject, type JsonObject } from '../openapi.js';

/** OpenAPI 3.1 schemas are JSON Schema 2020-12. Each option below was forced by a failure found by fuzzing. */
const COMMON = {
  strict: false,
  allowUnionTypes: true,
  discriminator: true,
  removeAdditional: false,
  useDefaults: true,
  validateFormats: false,
  // Bounded by maxItems, maxLength and the body limit, so listing every error stays cheap.
  allErrors: true,
  // The error then carries the schema it failed, from which the remedy is worded.
  verbose: true,
} as const;

/** Validates bodies as they are, and query, path and headers after reading numbers and booleans out of their text. */
export function useContractValidation(app: FastifyInstance): void {
  const exact = new Ajv2020({ ...COMMON, coerceTypes: false });
  const fromText = new Ajv2020({ ...COMMON, coerceTypes: 'array' });
  app.setValidatorCompiler<JsonObject>(({ schema, httpPart }) => {
    if (httpPart === 'body') return exact.compile(schema);
    if (httpPart === 'querystring') return fromText.compile({ ...schema, additionalProperties: false });
    if (httpPart === 'headers') return fromText.compile(withLowerCaseNames(schema));
    return fromText.compile(schema);
  });
}

/** Node has header names in lower case; Fastify adapts schemas to that only for its own validator. */
function withLowerCaseNames(schema: JsonObject): JsonObject {
  if (!isObject(schema.properties)) return schema;
  const properties = Object.entries(schema.properties).map(([name, value]) => [name.toLowerCase(), value]);
  return { ...schema, properties: Object.fromEntries(properties) };
}
