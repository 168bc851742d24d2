import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InjectOptions } from 'fastify';
import { isSameOrigin } from '../../../src/api/http/same-origin.js';
import { isSecure } from '../../../src/api/http/session-cookie.js';
import { SCOPES } from '../../../src/contract/access.js';
import { openSessions, SESSION_MS } from '../../../src/jobs/client/keys/sessions.js';
import { secretBox } from '../../../src/jobs/outgoing/secret-box.js';
import { smallJob } from '../../jobs/support/specs.js';
import { eventually } from '../../support/eventually.js';
import { buildLiveApp, useLiveApi } from './live-api.js';

const { live, call, keyWith } = useLiveApi();

const HERE = { 'sec-fetch-site': 'same-origin' };

/** Signs in. @returns the Cookie header of the browser from then on */
async function signIn(key: string, headers: Record<string, string> = {}) {
  const response = await call('POST', '/session', key, { headers });
  assert.equal(response.statusCode, 201, response.body);
  const set = String(response.headers['set-cookie']);
  return { cookie: set.split(';')[0] ?? '', set, session: response.json() };
}

const withCookie = (method: string, url: string, cookie: string, options: InjectOptions = {}) =>
  call(method, url, undefined, { ...options, headers: { ...HERE, ...options.headers, cookie } });

test('a browser signs in with its key, uses a cookie that scripts cannot read, and signs out', async () => {
  const key = await keyWith(['jobs:read', 'jobs:write'], 'browsing');
  const { cookie, set, session } = await signIn(key);
  assert.match(set, /; HttpOnly; SameSite=Strict$/);
  assert.ok(!set.includes(key) && !set.includes(key.split('_')[2] ?? ''), 'the key is not in the cookie');
  assert.deepEqual([session.tenant, session.scopes], ['browsing', ['jobs:read', 'jobs:write']]);
  const shown = (await withCookie('GET', '/session', cookie)).json();
  assert.deepEqual(shown, session);
  assert.equal((await call('GET', '/session', key)).json().expires_at, null);
  assert.equal((await withCookie('POST', '/jobs', cookie, { payload: smallJob() })).statusCode, 201);
  const lacking = await withCookie('GET', '/api-keys', cookie);
  assert.deepEqual([lacking.statusCode, lacking.json().code], [403, 'scope_missing']);
  const out = await call('DELETE', '/session');
  assert.equal(out.statusCode, 204);
  assert.match(String(out.headers['set-cookie']), /^strata_session=; Max-Age=0; /);
});

test('over https the cookie is not sent without it', async () => {
  const { set } = await signIn(await keyWith(SCOPES), { 'x-forwarded-proto': 'https' });
  assert.match(set, /; Secure$/);
  assert.equal(isSecure('https', {}), true);
  assert.equal(isSecure('http', { forwarded: 'for=1.2.3.4;proto=https' }), true);
  assert.equal(isSecure('http', { 'x-forwarded-proto': 'http' }), false);
});

test('a page of another site, or of another port, cannot use the session', async () => {
  const { cookie } = await signIn(await keyWith(SCOPES));
  const host = 'strata.example';
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://strata.example:8080' },
    {},
  ] as Record<string, string>[];
  for (const headers of foreign) {
    const options = { headers: { host, ...headers, cookie }, payload: smallJob() };
    const response = await call('POST', '/jobs', undefined, options);
    assert.deepEqual(
      [response.statusCode, response.json().code],
      [403, 'cross_site'],
      JSON.stringify(headers),
    );
  }
  const reading = await call('GET', '/jobs', undefined, {
    headers: { 'sec-fetch-site': 'cross-site', cookie },
  });
  assert.equal(reading.json().code, 'cross_site');
  // Browsers over plain HTTP say where a request comes from in Origin only, and not when they read an image.
  assert.equal(isSameOrigin('POST', { host, origin: `http://${host}` }), true);
  assert.equal(isSameOrigin('POST', { host, origin: `https://${host}` }), true);
  assert.equal(isSameOrigin('GET', { host }), true);
  assert.equal(isSameOrigin('GET', { 'sec-fetch-site': 'none' }), true);
});

test('a session lasts over a restart of the API, and ends with its key', async () => {
  const key = await keyWith(['jobs:read'], 'restarting');
  const { cookie } = await signIn(key);
  const other = await buildLiveApp(live.strata);
  const there = () => other.inject({ url: '/session', headers: { ...HERE, cookie } });
  assert.equal((await there()).statusCode, 200);
  const [{ id } = { id: '' }] = await live.office.list('restarting');
  await live.office.revoke('restarting', id);
  await eventually('the session has ended', async () => (await there()).statusCode === 401);
  await other.close();
});

test('jobs of another tenant do not exist for a session', async () => {
  const { job } = await live.strata.service.forTenant('ours').jobs.createJob(smallJob(), {});
  const { cookie } = await signIn(await keyWith(SCOPES, 'theirs'));
  const response = await withCookie('GET', `/jobs/${job.id}`, cookie);
  assert.deepEqual([response.statusCode, response.json().code], [404, 'not_found']);
});

test('a forged, foreign or renewed session is refused', async () => {
  const key = await keyWith(SCOPES);
  const { cookie } = await signIn(key);
  const foreign = await openSessions(async () => secretBox(Buffer.alloc(32, 7)), Date.now).sealSession(key);
  for (const value of [
    `strata_session=${key}`,
    `${cookie.slice(0, -8)}AAAAAAAA`,
    `strata_session=${encodeURIComponent(foreign.text)}`,
    'strata_session=%E0%A4%A',
  ]) {
    const response = await withCookie('GET', '/jobs', value);
    assert.deepEqual([response.statusCode, response.json().code], [401, 'unauthenticated'], value);
  }
  const renewed = await withCookie('POST', '/session', cookie);
  assert.deepEqual([renewed.statusCode, renewed.json().errors[0].pointer], [400, '/authorization']);
  const wrong = await withCookie('GET', '/jobs', cookie, { headers: { authorization: 'Bearer nonsense' } });
  assert.equal(wrong.statusCode, 401, 'a key that is sent goes before the session');
});

test('a session ends after twelve hours', async () => {
  let now = 1e12;
  const sessions = openSessions(
    async () => secretBox(Buffer.alloc(32)),
    () => now,
  );
  const { text, expiresAt } = await sessions.sealSession('strata_key');
  now += SESSION_MS - 1;
  assert.deepEqual(await sessions.openSession(text), { key: 'strata_key', expiresAt });
  now += 1;
  assert.equal(await sessions.openSession(text), null);
});
