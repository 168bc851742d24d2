import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { InjectOptions } from 'fastify';
import { QUICK, useApp } from './harness.js';

interface BadInput {
  readonly what: string;
  readonly send: { method?: string; url?: string } & Omit<InjectOptions, 'method' | 'url'>;
  readonly status?: number;
  readonly code?: string;
  readonly in?: string;
  readonly pointer?: string;
  readonly says: RegExp;
}

const job = (spec: unknown) => ({ payload: spec as object });
const json = { 'content-type': 'application/json' };

const TABLE: readonly BadInput[] = [
  {
    what: 'unknown field',
    send: job({ ...QUICK, epoch: 3 }),
    pointer: '/epoch',
    says: /did you mean `epochs`/,
  },
  {
    what: 'field in another habit',
    send: job({ dataset: 'mnist', batchSize: 3 }),
    pointer: '/batchSize',
    says: /`batch_size`/,
  },
  {
    what: 'field on the wrong level',
    send: job({ dataset: 'mnist', depth: 8 }),
    pointer: '/depth',
    says: /did you mean `model.depth`/,
  },
  {
    what: 'field like no other',
    send: job({ dataset: 'mnist', model: { zzzzzz: 1 } }),
    pointer: '/model/zzzzzz',
    says: /the known fields are `family`, `depth`, `width`/,
  },
  {
    what: 'field with a slash',
    send: job({ dataset: 'mnist', 'a/b~': 1 }),
    pointer: '/a~1b~0',
    says: /Unknown field/,
  },
  { what: 'missing dataset', send: job({}), pointer: '/dataset', says: /required/ },
  {
    what: 'unknown dataset',
    send: job({ dataset: 'mnits' }),
    code: 'invalid_spec',
    pointer: '/dataset',
    says: /GET \/datasets/,
  },
  {
    what: 'number as text is not coerced',
    send: job({ ...QUICK, epochs: '3' }),
    pointer: '/epochs',
    says: /a whole number from 1 to 1000/,
  },
  {
    what: 'fraction where a whole number is needed',
    send: job({ ...QUICK, epochs: 1.5 }),
    pointer: '/epochs',
    says: /a whole number/,
  },
  {
    what: 'out of range',
    send: job({ dataset: 'mnist', model: { depth: 7 } }),
    pointer: '/model/depth',
    says: /from 8 to 1202 or null/,
  },
  {
    what: 'not one of the words',
    send: job({ dataset: 'mnist', method: { type: 'sgd' } }),
    pointer: '/method/type',
    says: /"backprop", "penalty", .* or "[a-z-]+"/,
  },
  {
    what: 'no alternative fits',
    send: job({ dataset: 'mnist', method: { split: 'even' } }),
    pointer: '/method/split',
    says: /"auto" or "memory" or a list in which each item is a whole number/,
  },
  {
    what: 'an item within an alternative',
    send: job({ dataset: 'mnist', method: { split: [1, 'x'] } }),
    pointer: '/method/split/1',
    says: /a whole number/,
  },
  {
    what: 'alternative out of bounds',
    send: job({ dataset: 'mnist', method: { penalty: 0 } }),
    pointer: '/method/penalty',
    says: /a number above 0 and at most 1000/,
  },
  {
    what: 'metadata value of the wrong type',
    send: job({ dataset: 'mnist', metadata: { a: 1 } }),
    pointer: '/metadata/a',
    says: /a string/,
  },
  {
    what: 'same item twice',
    send: job({ dataset: 'mnist', exports: ['tfjs-layers', 'tfjs-layers'] }),
    pointer: '/exports',
    says: /at most 1 items|twice/,
  },
  { what: 'a list as the body', send: job([]), pointer: '', says: /an object/ },
  { what: 'null as the body', send: { payload: 'null', headers: json }, pointer: '', says: /an object/ },
  {
    what: 'malformed JSON',
    send: { payload: '{"dataset": mnist}', headers: json },
    code: 'malformed_json',
    says: /not JSON: .*position 12|not JSON: .*mnist/,
  },
  {
    what: 'poisoned prototype',
    send: { payload: '{"__proto__": {"dataset": "mnist"}}', headers: json },
    pointer: '/__proto__',
    says: /another name/,
  },
  {
    what: 'half of a surrogate pair',
    send: { payload: '{"dataset": "mnist", "metadata": {"a": "\\ud83d"}}', headers: json },
    code: 'malformed_json',
    says: /half of a surrogate pair/,
  },
  {
    what: 'U+0000 in a text',
    send: job({ ...QUICK, name: 'a\u0000b' }),
    pointer: '/name',
    says: /must not contain the character U\+0000/i,
  },
  {
    what: 'U+0000 in a filter',
    send: { method: 'GET', url: '/jobs?metadata[team]=%00' },
    in: 'query',
    pointer: '/metadata/team',
    says: /U\+0000/,
  },
  {
    what: 'U+0000 in a cursor',
    send: { method: 'GET', url: '/webhooks/webhook_1/deliveries?after=a%00b' },
    in: 'query',
    pointer: '/after',
    says: /U\+0000/,
  },
  {
    what: 'U+0000 in the name of a filter',
    send: { method: 'GET', url: '/jobs?metadata[te%00am]=a' },
    in: 'query',
    pointer: '/metadata/te\u0000am',
    says: /U\+0000/,
  },
  { what: 'empty body', send: { payload: '', headers: json }, pointer: '', says: /A JSON body is required/ },
  { what: 'no body', send: {}, pointer: '', says: /A JSON body is required/ },
  {
    what: 'body that is not JSON by type',
    send: { payload: 'dataset=mnist', headers: { 'content-type': 'text/plain' } },
    status: 415,
    code: 'unsupported_media_type',
    says: /application\/json/,
  },
  {
    what: 'body without a type',
    send: { payload: Buffer.from('{}'), headers: { 'content-type': '' } },
    status: 415,
    code: 'unsupported_media_type',
    says: /application\/json/,
  },
  {
    what: 'body too large',
    send: job({ ...QUICK, name: 'x'.repeat(300_000) }),
    status: 413,
    code: 'body_too_large',
    says: /256 KiB/,
  },
  {
    what: 'force in words',
    send: { method: 'POST', url: '/jobs/none/cancel', payload: { force: 'yes' } },
    pointer: '/force',
    says: /true or false/,
  },
  {
    what: 'null where the body may be absent',
    send: { url: '/jobs/none/cancel', payload: 'null', headers: json },
    pointer: '',
    says: /an object/,
  },
  {
    what: 'unknown query parameter',
    send: { url: '/jobs?dryrun=true', ...job(QUICK) },
    in: 'query',
    pointer: '/dryrun',
    says: /`dry_run`/,
  },
  {
    what: 'query where none is taken',
    send: { method: 'GET', url: '/workers?limit=3' },
    in: 'query',
    pointer: '/limit',
    says: /no fields are allowed/,
  },
  {
    what: 'limit out of range',
    send: { method: 'GET', url: '/jobs?limit=0' },
    in: 'query',
    pointer: '/limit',
    says: /from 1 to 100/,
  },
  {
    what: 'limit that is no number',
    send: { method: 'GET', url: '/jobs?limit=' },
    in: 'query',
    pointer: '/limit',
    says: /a whole number/,
  },
  {
    what: 'unknown state',
    send: { method: 'GET', url: '/jobs?state=done' },
    in: 'query',
    pointer: '/state/0',
    says: /"queued"/,
  },
  {
    what: 'a limit given twice',
    send: { method: 'GET', url: '/jobs?limit=5&limit=6' },
    in: 'query',
    pointer: '/limit',
    says: /Must be/,
  },
  {
    what: 'bad id',
    send: { method: 'GET', url: '/jobs/a%20b' },
    in: 'path',
    pointer: '/id',
    says: /letters, digits.*like/,
  },
  { what: 'path that cannot be decoded', send: { method: 'GET', url: '/jobs/%zz' }, says: /%zz/ },
  {
    what: 'long Idempotency-Key',
    send: { ...job(QUICK), headers: { 'idempotency-key': 'k'.repeat(256) } },
    in: 'header',
    pointer: '/idempotency-key',
    says: /at most 255/,
  },
  {
    what: 'unknown path',
    send: { method: 'GET', url: '/job' },
    status: 404,
    code: 'not_found',
    says: /no resource at \/job\./,
  },
  {
    what: 'a day that no month has, which Date takes for the next one',
    send: { method: 'GET', url: '/jobs?created_before=2026-04-31T10:00:00Z' },
    in: 'query',
    pointer: '/created_before',
    says: /Must be a time in UTC like/,
  },
];

describe('invalid input is answered with a pointer and a remedy', () => {
  const { call, context } = useApp();

  for (const {
    what,
    send,
    status = 400,
    code = 'invalid_request',
    pointer,
    in: part = 'body',
    says,
  } of TABLE) {
    test(what, async () => {
      const { method = 'POST', url = '/jobs', ...options } = send;
      const response = await call(method as 'POST', url, options);
      const problem = response.json();
      assert.deepEqual(
        [response.statusCode, problem.status, problem.code],
        [status, status, code],
        response.body,
      );
      assert.match(String(response.headers['content-type']), /^application\/problem\+json/);
      assert.equal(problem.request_id, response.headers['x-request-id']);
      assert.equal(problem.type, `urn:strata:error:${code}`);
      assert.match(problem.detail, says);
      if (pointer === undefined) return;
      assert.equal(problem.errors.length, 1, response.body);
      assert.deepEqual([problem.errors[0].in, problem.errors[0].pointer], [part, pointer]);
      assert.match(problem.errors[0].message, says);
    });
  }

  test('nothing was stored', () => assert.equal(context.client.jobs.rows.size, 0));

  test('one answer names every invalid field', async () => {
    const { errors } = (await call('POST', '/jobs', { payload: { epochs: 0, model: { deth: 8 } } })).json();
    const pointers = errors.map(({ pointer }: { pointer: string }) => pointer).sort();
    assert.deepEqual(pointers, ['/dataset', '/epochs', '/model/deth']);
  });

  const WRONG_METHODS = [
    ['PUT', '/jobs', 'POST, GET, HEAD'],
    ['PUT', '/jobs/job_1', 'GET, HEAD, PATCH, DELETE'],
    ['GET', '/jobs/job_1/cancel', 'POST'],
    ['OPTIONS', '/workers', 'GET, HEAD'],
    ['TRACE', '/datasets/mnist', 'GET, HEAD, DELETE'],
  ] as const;
  for (const [method, url, allow] of WRONG_METHODS) {
    test(`${method} ${url} is 405 and says what is allowed, whatever its body`, async () => {
      const response = await call(method, url, { payload: 'x', headers: { 'content-type': 'text/plain' } });
      assert.deepEqual([response.statusCode, response.json().code], [405, 'method_not_allowed']);
      assert.deepEqual(String(response.headers.allow).split(', ').sort(), allow.split(', ').sort());
    });
  }

  test('headers that are too large are answered with a problem', async () => {
    await context.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = context.app.server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/jobs?after=${'x'.repeat(20_000)}`);
    assert.equal(response.status, 431);
    assert.match(await response.text(), /"code":"headers_too_large"/);
  });

  test('an internal defect reveals nothing to the caller', async () => {
    context.client.jobs.getJob = async () => {
      throw new Error('password=secret');
    };
    const response = await call('GET', '/jobs/job_1');
    assert.deepEqual([response.statusCode, response.json().code], [500, 'internal']);
    assert.doesNotMatch(response.body, /secret/);
  });
});
