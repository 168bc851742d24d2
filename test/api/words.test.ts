import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadContract } from '../../src/api/openapi.js';
import { isObject } from '../../src/contract/is-object.js';
import { multipartOf } from '../support/multipart.js';
import { QUICK, useApp } from './harness.js';

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAIAAAD9b0jDAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAJElEQVRIx2NgGAUDBf7DwKiho4aOGjpq6Kiho4YOMkNHAfEAAKBis035CEkIAAAAAElFTkSuQmCC';

describe('errors state in words the value that is expected', () => {
  const { call, context } = useApp();
  const message = async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) => {
    const { errors, code } = (await call(method, url, payload ? { payload } : {})).json();
    return `${code} ${errors?.[0]?.pointer}: ${errors?.[0]?.message}`;
  };

  test('every pattern that a request can break has its words, with an example', () => {
    const silent: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (Array.isArray(node)) {
        for (const [index, child] of node.entries()) visit(child, `${path}/${index}`);
        return;
      }
      if (!isObject(node)) return;
      const { pattern } = node;
      if (typeof pattern === 'string' && !pattern.includes('u0000') && !('x-expected' in node))
        silent.push(path);
      for (const [key, child] of Object.entries(node)) visit(child, `${path}/${key}`);
    };
    visit(loadContract().document, '');
    // Answers of ours, and the alternatives of a field that has words itself.
    const answers = /\/(Checkpoint|Artifact|Prediction)\/|\/DatasetName\/not$/;
    assert.deepEqual(
      silent.filter((path) => !answers.test(path)),
      [],
    );
  });

  const dataset = (fields: object) => ({ name: 'flowers', url: 'https://example.com/a.zip', ...fields });
  const cases: [what: string, url: string, payload: object, words: RegExp][] = [
    [
      'a name with a space',
      '/datasets',
      dataset({ name: 'my flowers' }),
      /\/name: Must be 1 to 64 letters, .*like `flowers-2\.1`\.$/,
    ],
    [
      'a name like an id',
      '/datasets',
      dataset({ name: 'dataset_1' }),
      /\/name: Must be .*not beginning with `dataset_`/,
    ],
    [
      'a short sha256',
      '/datasets',
      dataset({ sha256: 'abc' }),
      /\/sha256: Must be 64 hex digits, as `sha256sum` prints them/,
    ],
    [
      'neither url nor upload',
      '/datasets',
      { name: 'flowers' },
      /^invalid_request : Must have exactly one of `url` and `upload`\.$/,
    ],
    [
      'both',
      '/datasets',
      dataset({ upload: 'ab'.repeat(16) }),
      /: Must have exactly one of `url` and `upload`\.$/,
    ],
    [
      'an upload by its address',
      '/datasets',
      { name: 'a', upload: '/uploads/1' },
      /\/upload: Must be the last part of .*32 hex digits like/,
    ],
    [
      'an image that is no base64',
      '/models/model_1/predict',
      { image: '<svg/>' },
      /\/image: Must be base64, like `iVBORw0KGgo=`/,
    ],
  ];
  for (const [what, url, payload, words] of cases) {
    test(what, async () => assert.match(await message('POST', url, payload), words));
  }

  test('an unknown tag', async () => {
    assert.match(
      await message('PUT', '/models/model_1/tags/Best%20one'),
      /\/tag: Must be small letters, .*`production`/,
    );
  });

  test('`__proto__` is refused where it stands, also behind an escape', async () => {
    const send = (text: string) =>
      call('POST', '/jobs', { headers: { 'content-type': 'application/json' }, payload: text });
    for (const name of ['__proto__', '\\u005f_proto__']) {
      const response = await send(`{"dataset":"mnist","metadata":{"${name}":"x"}}`);
      const { code, errors } = response.json();
      assert.deepEqual(
        [response.statusCode, code, errors[0].pointer],
        [400, 'invalid_request', '/metadata/__proto__'],
      );
      assert.match(errors[0].message, /another name/);
    }
    assert.equal(context.client.jobs.rows.size, 0);
  });

  test('a compressed body is told so, not that it is no JSON', async () => {
    const payload = gzipSync(JSON.stringify(QUICK));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const response = await call('POST', '/jobs', { payload, headers });
    assert.deepEqual([response.statusCode, response.json().code], [415, 'unsupported_media_type']);
    assert.match(response.json().detail, /Content-Encoding: gzip/);
    assert.equal(response.headers['accept-encoding'], 'identity');
    const plain = await call('POST', '/jobs', {
      payload: QUICK,
      headers: { 'content-encoding': 'identity' },
    });
    assert.equal(plain.statusCode, 201);
  });
});

describe('common spellings of a value are accepted', () => {
  const { call } = useApp();

  test('a data URL, and base64 wrapped at 76 characters', async () => {
    const wrapped = PNG.replaceAll(/.{76}/g, '$&\n');
    for (const image of [
      `data:image/png;base64,${PNG}`,
      wrapped,
      `data:image/png;charset=utf-8;base64,${wrapped}\n`,
    ]) {
      const response = await call('POST', '/models/model_1/predict', { payload: { image } });
      assert.equal(response.statusCode, 200, response.body);
    }
  });

  test('a long base64 with one wrong character at its end is refused at once', async () => {
    const image = `${'A'.repeat(4_000_000)}${' '.repeat(4_000_000)}!`;
    const response = await call('POST', '/models/model_1/predict', { payload: { image } });
    assert.match(response.json().errors[0].message, /Must be base64/);
  });

  test('top_k of all classes of a model that has 1,500', async () => {
    const payload = { image: PNG };
    const response = await call('POST', '/models/model_1/predict?top_k=1500', { payload });
    assert.equal(response.statusCode, 200, response.body);
  });

  test('an upper-case sha256', async () => {
    const url = 'https://example.com/a.zip';
    const payload = { name: 'upper', url, sha256: 'AB'.repeat(32) };
    assert.equal((await call('POST', '/datasets', { payload })).statusCode, 201);
  });

  test('empty fields of a form', async () => {
    const fields = { name: 'shown', sha256: 'null', test_share: '', image: '', format: 'auto' };
    const body = multipartOf({ ...fields, file: Buffer.from('PK') });
    const response = await call('POST', '/datasets', body);
    assert.equal(response.statusCode, 201, response.body);
  });
});
