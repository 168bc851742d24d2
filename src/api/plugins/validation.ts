import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { isObject, type JsonObject } from '../openapi.js';

/** OpenAPI 3.1 schemas are JSON Schema 2020-12. Fuzzing showed that each option below is needed. */
const COMMON = {
  strict: false,
  allowUnionTypes: true,
  discriminator: true,
  removeAdditional: false,
  useDefaults: true,
  validateFormats: false,
  // Collecting all errors is cheap, because maxItems, maxLength and the body limit bound their number.
  allErrors: true,
  // Errors then include the failed schema, from which the remedy is worded.
  verbose: true,
} as const;

/**
 * Validates bodies unchanged. Converts the text of query, path and headers to numbers and booleans before
 * validation.
 */
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

/** Node has header names in lower case. Fastify converts schemas only for its own validator. */
function withLowerCaseNames(schema: JsonObject): JsonObject {
  if (!isObject(schema.properties)) return schema;
  const properties = Object.entries(schema.properties).map(([name, value]) => [name.toLowerCase(), value]);
  return { ...schema, properties: Object.fromEntries(properties) };
}
