import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multipartOf } from '../support/multipart.js';
import { useApp } from './harness.js';

const { call, context } = useApp();

test('two files in one upload are refused with what to send, and neither stays', async () => {
  const form = multipartOf({ name: 'two', file: Buffer.from('a') });
  const second =
    '--strata-test-boundary\r\nContent-Disposition: form-data; name="file"; filename="b.zip"\r\n\r\nb\r\n';
  const end = form.payload.lastIndexOf('--strata-test-boundary--');
  const payload = Buffer.concat([
    form.payload.subarray(0, end),
    Buffer.from(second),
    form.payload.subarray(end),
  ]);
  const response = await call('POST', '/datasets', { ...form, payload });
  assert.equal(response.statusCode, 400, response.body);
  const [{ pointer, message }] = response.json().errors;
  assert.equal(pointer, '/file');
  assert.equal(message, 'Must be one file: pack several into one archive, a .zip or .tar.gz.');
  assert.equal(context.client.datasets.uploads.size, 0);
});

test('more fields than an upload has are refused in words', async () => {
  const fields = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, 'x']));
  const response = await call('POST', '/datasets', multipartOf(fields));
  assert.equal(response.statusCode, 400, response.body);
  assert.match(response.body, /At most 16 fields are taken/);
});

test('the layout of an upload is checked as the contract has it', async () => {
  const sent = (fields: Record<string, string>) =>
    call('POST', '/datasets', multipartOf({ name: 'x', file: Buffer.from('a'), ...fields }));
  assert.equal((await sent({ layout: 'splits', root: 'data/images' })).statusCode, 201);
  const refused = await sent({ layout: 'folders' });
  assert.deepEqual([refused.statusCode, refused.json().errors[0].pointer], [400, '/layout']);
});
