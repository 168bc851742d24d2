import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import openapiTypescript, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { parse } from 'yaml';
import { DEFAULTED_QUERY } from '../../src/api/handler.js';
import { inlineRefSiblings, loadContract, operationsOf } from '../../src/api/openapi.js';
import { decodeCompiledContract, encodeCompiledContract } from '../../src/contract/compiled-contract.js';
import { isObject } from '../../src/contract/is-object.js';
import { JOB_STATES, TASK_STATES } from '../../src/contract/states.js';
import { useApp } from './harness.js';

const CONTRACT_FILE = new URL('../../openapi/openapi.yaml', import.meta.url);
const TYPES_FILE = new URL('../../src/contract/generated/openapi.ts', import.meta.url);

interface Parameter {
  in: string;
  name: string;
  schema: { default?: unknown };
}

/** Operations whose body names a thing that must be there. */
const NAMED_IN_BODY = ['createBatchPrediction', 'createEvaluation'];

describe('the contract', () => {
  const { call, context } = useApp();
  const contract = loadContract();
  const operations = operationsOf(contract);
  const { schemas } = contract.document.components as { schemas: Record<string, { enum?: string[] }> };

  test('is served unchanged, byte for byte as YAML and complete as JSON', async () => {
    const source = readFileSync(CONTRACT_FILE);
    const yaml = await call('GET', '/openapi.yaml');
    assert.ok(yaml.rawPayload.equals(source));
    const json = await call('GET', '/openapi.json');
    assert.equal(json.body, JSON.stringify(parse(source.toString()), null, 2));
    assert.deepEqual((await call('GET', '/docs/json')).json(), json.json());
  });

  test('is read from its compiled form only if that was made of the same text', () => {
    const file = encodeCompiledContract('openapi: 3.1.0', '{"openapi":"3.1.0"}');
    assert.equal(decodeCompiledContract(file, 'openapi: 3.1.0'), '{"openapi":"3.1.0"}');
    assert.equal(decodeCompiledContract(file, 'openapi: 3.1.1'), null);
  });

  test('is the page to which / redirects', async () => {
    const response = await call('GET', '/');
    assert.deepEqual([response.statusCode, response.headers.location], [302, '/ui/']);
    assert.match((await call('GET', '/docs')).body, /swagger-ui/);
  });

  test('generated the committed types', async () => {
    const types = COMMENT_HEADER + astToString(await openapiTypescript(CONTRACT_FILE));
    assert.equal(readFileSync(TYPES_FILE, 'utf8'), types, 'run `npm run generate`');
  });

  test('gives every operation an id, a summary, a tag and its problems', () => {
    const tags = (contract.document.tags as { name: string }[]).map(({ name }) => name);
    for (const { id, path, operation } of operations) {
      const {
        summary,
        tags: own,
        responses,
      } = operation as unknown as {
        summary?: string;
        tags?: string[];
        responses: Record<string, unknown>;
      };
      assert.ok(id && summary && own?.every((tag) => tags.includes(tag)), path);
      assert.ok('400' in responses && 'default' in responses, `${id} lacks 400 or default`);
      assert.equal(
        namesOne(path, operation) || NAMED_IN_BODY.includes(id),
        '404' in responses,
        `${id}: 404 goes with an id that is asked for`,
      );
    }
  });

  test('has example bodies that are accepted unchanged', async () => {
    for (const { id, method, path, operation } of operations) {
      for (const example of examplesOf(operation)) {
        const kind = /^\/(model|sweep|evaluation)s/.exec(path)?.[1] ?? 'job';
        const url = path
          .replace('{id}', `${kind}_1`)
          .replace('{name}', 'digits')
          .replace('{alias}', 'production');
        // Only a job that has ended goes on.
        if (id === 'extendJob') context.client.jobs.finish('job_1', 'succeeded');
        // Only who changes an alias says what it is now.
        const headers = id === 'setAlias' ? { 'if-match': 'none' } : {};
        const response = await call(method, url, { headers, payload: example as object });
        assert.ok(response.statusCode < 300, `${id}: ${response.body}`);
      }
    }
  });

  test('has the states of src/contract/states.ts', () => {
    assert.deepEqual(schemas.JobState?.enum, JOB_STATES);
    assert.deepEqual(schemas.TaskState?.enum, TASK_STATES);
  });

  test('has the query defaults that handlers count on', () => {
    const found: Record<string, string[]> = {};
    const document = inlineRefSiblings(contract.document);
    const resolve = (parameter: Parameter | { $ref: string }) => {
      if (!('$ref' in parameter)) return parameter;
      const { parameters } = document.components as { parameters: Record<string, Parameter> };
      return parameters[parameter.$ref.split('/').at(-1) as string] as Parameter;
    };
    for (const { id, operation } of operations) {
      const { parameters = [] } = operation as unknown as { parameters?: (Parameter | { $ref: string })[] };
      const defaulted = parameters.map(resolve).filter((p) => p.in === 'query' && 'default' in p.schema);
      if (defaulted.length > 0) found[id] = defaulted.map(({ name }) => name);
    }
    assert.deepEqual(found, DEFAULTED_QUERY);
  });
});

test('siblings of a $ref override its target, on every level', () => {
  const document = {
    schemas: {
      a: { properties: { b: { $ref: '#/schemas/b', default: {} } } },
      b: { type: 'object', properties: { c: { $ref: '#/schemas/c', description: 'own' } } },
      c: { type: 'string', description: 'of c' },
    },
    plain: { $ref: '#/schemas/a' },
  };
  const inlined = inlineRefSiblings(document) as typeof document;
  assert.deepEqual(inlined.schemas.a.properties.b, {
    type: 'object',
    properties: { c: { type: 'string', description: 'own' } },
    default: {},
  });
  assert.deepEqual(inlined.plain, document.plain);
  assert.throws(
    () => inlineRefSiblings({ a: { $ref: '#/none', default: 1 } }),
    /the reference #\/none has no target/,
  );
});

/** Whether a request must name something by its id, in the path or the query. */
function namesOne(path: string, operation: object): boolean {
  const { parameters = [] } = operation as { parameters?: (Parameter & { required?: boolean })[] };
  return /\{(id|name)\}/.test(path) || parameters.some((p) => p.in === 'query' && p.required === true);
}

function examplesOf(operation: object): unknown[] {
  const { requestBody } = operation as { requestBody?: { content: Record<string, Record<string, unknown>> } };
  const { example, examples } = requestBody?.content['application/json'] ?? {};
  const named = isObject(examples)
    ? Object.values(examples).map((entry) => (entry as { value: unknown }).value)
    : [];
  return example === undefined ? named : [...named, example];
}
