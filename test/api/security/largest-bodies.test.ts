import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../../src/api/app.js';
import { type JsonObject, loadContract, operationsOf } from '../../../src/api/openapi.js';
import { isObject } from '../../../src/contract/is-object.js';
import { FakeClient } from '../fake/fake-client.js';
import { FakeService } from '../fake/fake-service.js';

/** Bytes that the answer to a wrong body may have, however large the body is. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Errors that validation may make of one request; each costs an object and a text. */
const MAX_ERRORS = 10_000;
/** Times that validation may look at a value of the body, for each value that the body has. */
const MAX_LOOKS_PER_VALUE = 30;
const USUAL_LIMIT_BYTES = 256 * 1024;

/** Counted cost of the validation of one request: a clock would also show what else the machine does. */
interface Work {
  errors: number;
  looks: number;
}

const work: Work = { errors: 0, looks: 0 };
let app: FastifyInstance;
before(async () => {
  app = await buildApp(new FakeService(new FakeClient()), {
    logLevel: 'silent',
    loopback: true,
    requestsPerMinute: 0,
    instrument: countWork,
  });
});
after(() => app.close());

type Validate = (data: unknown) => boolean | { readonly error: readonly object[] };

async function countWork(instance: FastifyInstance): Promise<void> {
  const compile = instance.validatorCompiler as unknown as (part: object) => Validate;
  instance.setValidatorCompiler(((part: object) => {
    const validate = compile(part);
    return (data: unknown) => {
      const result = validate(counted(data));
      if (typeof result === 'object') work.errors += result.error.length;
      return result;
    };
  }) as never);
}

/** The same value, which counts how often a part of it is looked at. */
function counted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, name) {
      work.looks++;
      return counted(Reflect.get(target, name));
    },
  });
}

type Hostile = readonly [what: string, make: (bytes: number) => string];

/** JSON texts of a given length that are invalid in every schema, each hard to validate in another way. */
const VALUES: readonly Hostile[] = [
  ['ones', (bytes) => `[${repeated('1', ',', bytes)}]`],
  ['empty objects', (bytes) => `[${repeated('{}', ',', bytes)}]`],
  ['texts', (bytes) => `[${repeated('"a"', ',', bytes)}]`],
  ['one text', (bytes) => `"${'x'.repeat(bytes)}"`],
  ['control characters', (bytes) => `"${'\\u0001'.repeat(bytes / 6)}"`],
  ['unknown names', (bytes) => namesOf(bytes)],
  ['one long name', (bytes) => `{"${'n'.repeat(bytes)}":1}`],
  ['nested lists', (bytes) => '['.repeat(bytes / 2) + ']'.repeat(bytes / 2)],
  ['nested lists around half a character', (bytes) => nested(bytes, '"\\ud800"')],
  ['nested objects', (bytes) => `${'{"a":'.repeat(bytes / 6)}1${'}'.repeat(bytes / 6)}`],
];

const nested = (bytes: number, core: string) => '['.repeat(bytes / 2 - 8) + core + ']'.repeat(bytes / 2 - 8);

function repeated(item: string, separator: string, bytes: number): string {
  const count = Math.floor(bytes / (item.length + separator.length));
  return Array.from({ length: count }, () => item).join(separator);
}

function namesOf(bytes: number): string {
  const count = Math.floor(bytes / 12);
  return `{${Array.from({ length: count }, (_, n) => `"${n.toString(36).padStart(6, 'f')}":1`).join(',')}}`;
}

/** A body's fields and those of the objects in it, as the path of names to each; the body itself first. */
function placesOf(schema: unknown, document: JsonObject, depth = 3): string[][] {
  const { properties, anyOf } = resolve(schema, document);
  const inner = Array.isArray(anyOf) ? anyOf.flatMap((option) => placesOf(option, document, depth)) : [[]];
  if (depth === 0 || !isObject(properties)) return inner;
  const deeper = Object.entries(properties).flatMap(([name, child]) =>
    placesOf(child, document, depth - 1).map((path) => [name, ...path]),
  );
  return [...inner, ...deeper];
}

function resolve(schema: unknown, document: JsonObject): JsonObject {
  if (!isObject(schema)) return {};
  if (typeof schema.$ref !== 'string') return schema;
  const found = schema.$ref
    .slice(2)
    .split('/')
    .reduce<unknown>((node, name) => (isObject(node) ? node[name] : {}), document);
  return resolve(found, document);
}

const bodyAt = (place: readonly string[], value: string): string =>
  place.reduceRight((inner, name) => `{"${name}":${inner}}`, value);

const ROOM = 200;
/** A failure prints its seed; SEED=<seed> repeats it. */
const SEED = Number(process.env.SEED ?? 7);
/** Fewer bodies of megabytes are drawn: each takes a second. */
const runsOf = (limit: number) => (limit > 1024 * 1024 ? 3 : 12);
const COUNTED_CHARACTERS = /[[{,:]/g;

describe('the largest wrong body of an operation has a short answer and costs little more than reading it', () => {
  const { document } = loadContract();
  for (const { id, method, path, operation } of operationsOf(loadContract())) {
    const json = operation.requestBody?.content['application/json'];
    if (!isObject(json)) continue;
    const limit = operation['x-body-limit-bytes'] ?? USUAL_LIMIT_BYTES;
    const places = placesOf(json.schema, document);

    const wrong = async (place: readonly string[], [what, make]: Hostile): Promise<void> => {
      const payload = bodyAt(place, make(limit - ROOM));
      Object.assign(work, { errors: 0, looks: 0 });
      const url = path.replaceAll(/\{\w+\}/g, 'none');
      const headers = { 'content-type': 'application/json' };
      const answer = await app.inject({ method, url, payload, headers });
      const about = `${what} at /${place.join('/')}: ${answer.statusCode} ${answer.body.slice(0, 200)}`;
      assert.ok(answer.statusCode < 500, about);
      assert.ok(answer.rawPayload.length <= MAX_ANSWER_BYTES, `${answer.rawPayload.length} bytes, ${about}`);
      assert.ok(work.errors <= MAX_ERRORS, `${work.errors} errors, ${about}`);
      const values = 1 + (payload.match(COUNTED_CHARACTERS)?.length ?? 0);
      const max = MAX_LOOKS_PER_VALUE * Math.max(values, 1_000);
      assert.ok(work.looks <= max, `${work.looks} looks at ${values} values, ${about}`);
    };

    test(`${id}, ${limit} bytes at ${places.length} places (SEED ${SEED})`, async () => {
      for (const value of VALUES) await wrong([], value);
      const pairs = fc.asyncProperty(fc.constantFrom(...places), fc.constantFrom(...VALUES), wrong);
      await fc.assert(pairs, { seed: SEED, numRuns: runsOf(limit), endOnFailure: true });
    });
  }
});

test('a body of few values has its first twenty faults listed, each shortened', async () => {
  const names = Array.from({ length: 40 }, (_, n) => [`${'n'.repeat(300)}${n}`, 1]);
  const payload = { dataset: 'mnist', ...Object.fromEntries(names) };
  const answer = await app.inject({ method: 'POST', url: '/jobs', payload });
  assert.equal(answer.statusCode, 400);
  const { errors, detail } = answer.json() as { errors: { pointer: string }[]; detail: string };
  assert.equal(errors.length, 20);
  assert.ok(errors.every(({ pointer }) => pointer.length <= 201 && pointer.endsWith('…')));
  assert.ok(detail.length <= 4_001);
});

test('a body of many values has its first fault told', async () => {
  const payload = { images: Array.from({ length: 2_000 }, () => 1) };
  const answer = await app.inject({ method: 'POST', url: '/models/none/predict', payload });
  assert.equal(answer.statusCode, 400, answer.body);
  assert.equal((answer.json() as { errors: object[] }).errors.length, 1);
});
