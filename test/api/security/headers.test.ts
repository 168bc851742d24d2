import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClient } from '../fake/fake-client.js';
import { buildTestApp } from '../harness.js';

test('answers have the headers that protect browsers', async () => {
  const app = await buildTestApp(new FakeClient());
  for (const url of ['/jobs', '/nothing', '/openapi.json']) {
    const { headers } = await app.inject({ url });
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/, url);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.ok(headers['x-request-id']);
  }
  const docs = (await app.inject({ url: '/docs/' })).headers;
  assert.match(String(docs['content-security-policy']), /default-src 'self'.*frame-ancestors 'none'/);
  assert.doesNotMatch(String(docs['content-security-policy']), /script-src[^;]*unsafe/);
  await app.close();
});
