import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { inlineRefSiblings, type JsonObject, loadContract, operationsOf } from '../../src/api/openapi.js';
import { isObject } from '../../src/contract/is-object.js';
import { memoize } from '../../src/contract/memoize.js';
import { FakeClient } from '../api/fake/fake-client.js';
import { buildTestApp } from '../api/harness.js';

/** Bodies of every operation are drawn from its schema alone, as a stranger's fuzzer draws them. */
const RUNS = Number(process.env.VALID_BODIES_RUNS ?? 60);
const document = inlineRefSiblings(loadContract().document);
const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** Answers for rules that the schema cannot hold: conditions between fields, and absent resources. */
const REASONED = [
  'invalid_spec',
  'not_found',
  'forbidden_target',
  'limit_reached',
  'model_tagged',
  'alias_changed',
];

function resolved(schema: unknown): JsonObject {
  if (!isObject(schema)) return {};
  if (typeof schema.$ref !== 'string') return schema;
  const names = schema.$ref.replace('#/', '').split('/');
  return resolved(names.reduce<unknown>((node, name) => (node as JsonObject)[name], document));
}

function valuesOf(schema: unknown, depth = 0): fc.Arbitrary<unknown> {
  const node = resolved(schema);
  const { anyOf, oneOf, type } = node;
  if ('const' in node) return fc.constant(node.const);
  if (Array.isArray(node.enum)) return fc.constantFrom(...(node.enum as unknown[]));
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((option) => valuesOf(option, depth)));
  if (Array.isArray(oneOf) && type === undefined)
    return fc.oneof(...oneOf.map((option) => valuesOf(option, depth)));
  const types = Array.isArray(type) ? type : [type];
  return fc.oneof(...types.map((name) => valuesOfType(String(name), node, depth)));
}

function valuesOfType(type: string, node: JsonObject, depth: number): fc.Arbitrary<unknown> {
  const number = (name: string, otherwise: number) =>
    typeof node[name] === 'number' ? (node[name] as number) : otherwise;
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: number('minimum', 0), max: Math.min(number('maximum', 1000), 2 ** 31 - 1) });
    case 'number':
      return fc
        .double({
          noNaN: true,
          min: number('minimum', number('exclusiveMinimum', 0)),
          max: number('maximum', number('exclusiveMaximum', 1000)),
        })
        .map((value) => (value === 0 ? 0 : value));
    case 'array':
      return fc.array(valuesOf(node.items, depth + 1), {
        minLength: number('minItems', 0),
        maxLength: Math.min(number('maxItems', 3), 3),
      });
    case 'object':
      return objectsOf(node, depth);
    default:
      return textsOf(node, number('minLength', 0), number('maxLength', 12));
  }
}

function textsOf(
  { pattern, format }: JsonObject,
  minLength: number,
  maxLength: number,
): fc.Arbitrary<string> {
  if (format === 'uri') return fc.constantFrom('https://example.com/hook', 'https://hooks.example.org/a?b=c');
  if (typeof pattern === 'string' && !pattern.includes('u0000')) return matching(pattern);
  return fc.string({ minLength, maxLength: Math.min(maxLength, Math.max(12, minLength)) });
}

function objectsOf(node: JsonObject, depth: number): fc.Arbitrary<unknown> {
  if (node.properties === undefined && isObject(node.propertyNames)) return mapsOf(node, depth);
  const properties = Object.entries(isObject(node.properties) ? node.properties : {});
  const required = Array.isArray(node.required) ? (node.required as string[]) : [];
  const alternatives = Array.isArray(node.oneOf) ? node.oneOf.map(resolved) : [{}];
  // One arbitrary for each, made once: to make it anew for every draw took nine tenths of this file's time.
  const records = alternatives.map((alternative) => {
    const needed = [
      ...required,
      ...(Array.isArray(alternative.required) ? (alternative.required as string[]) : []),
    ];
    const own = isObject(alternative.properties) ? alternative.properties : {};
    const model = properties.map(([name, schema]) => {
      const narrowed = isObject(own[name]) ? { ...resolved(schema), ...own[name] } : schema;
      return [name, valuesOf(narrowed, depth + 1)] as const;
    });
    return fc.record(Object.fromEntries(model), { requiredKeys: needed as never[], noNullPrototype: true });
  });
  return fc.oneof(...records);
}

/** Names that the API refuses in every object, before it looks at the contract. */
const REFUSED_NAMES = ['__proto__', 'constructor'];

/** Objects whose names the reader chooses. */
function mapsOf(
  { propertyNames, additionalProperties, minProperties }: JsonObject,
  depth: number,
): fc.Arbitrary<unknown> {
  const names = textsOf(resolved(propertyNames), 1, 12).filter((name) => !REFUSED_NAMES.includes(name));
  const minKeys = typeof minProperties === 'number' ? minProperties : 0;
  const options = { minKeys, maxKeys: Math.max(minKeys, 2), noNullPrototype: true };
  return fc.dictionary(names, valuesOf(additionalProperties, depth + 1), options);
}

describe('a body that is valid by the contract is accepted, or refused with a reason of the contract', () => {
  let app: FastifyInstance;
  before(async () => {
    app = await buildTestApp(new FakeClient());
  });
  after(() => app.close());

  for (const { id, method, path, operation } of operationsOf({ ...loadContract(), document })) {
    const media = operation.requestBody?.content['application/json'];
    if (!isObject(media)) continue;
    test(id, async () => {
      const valid = ajv.compile({ ...resolved(media.schema), components: document.components });
      const bodies = valuesOf(media.schema).filter((body) => valid(body) === true);
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const named = path.replace('{name}', 'digits').replace('{alias}', 'production');
          const url = named.replace('{id}', path.startsWith('/models') ? 'model_1' : 'job_1');
          const answer = await app.inject({ method, url, payload: body as object });
          const code = answer.statusCode < 300 ? 'accepted' : answer.json().code;
          assert.ok(['accepted', ...REASONED].includes(code), `${JSON.stringify(body)}: ${answer.body}`);
        }),
        { numRuns: RUNS },
      );
    });
  }
});

/** fast-check knows no lookahead, so texts of the rest of the pattern are drawn and filtered. */
const matching = memoize(
  (pattern: string): fc.Arbitrary<string> => {
    const whole = new RegExp(pattern);
    return fc
      .stringMatching(new RegExp(pattern.replace(/\(\?![^)]*\)/g, '')))
      .filter((text) => whole.test(text));
  },
  { max: 100 },
);
