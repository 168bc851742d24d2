import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proxySign } from '../../../src/api/http/local-caller.js';
import { SCOPES } from '../../../src/contract/access.js';
import { KEY_CACHE_MS } from '../../../src/jobs/client/keys/keyring.js';
import { formatToken, parseToken } from '../../../src/jobs/client/keys/token.js';
import { createJobsService } from '../../../src/jobs/client/service.js';
import { smallJob } from '../../jobs/support/specs.js';
import { eventually } from '../../support/eventually.js';
import { buildLiveApp, useLiveApi } from './live-api.js';

describe('a server without keys', () => {
  const { live, call } = useLiveApi();

  test('answers requests of its own machine, but none with another host name or from another site', async () => {
    const get = (headers: Record<string, string>) => call('GET', '/jobs', undefined, { headers });
    for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000', 'LOCALHOST']) {
      assert.equal((await get({ host })).statusCode, 200, host);
      assert.equal((await get({ host, origin: `http://${host}` })).statusCode, 200, host);
    }
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1:3000',
      'localhost@evil.example',
    ]) {
      const response = await get({ host });
      assert.deepEqual([response.statusCode, response.json().code], [403, 'foreign_caller'], host);
    }
    const page = await get({ host: '127.0.0.1:3000', origin: 'https://evil.example' });
    assert.equal(page.json().code, 'foreign_caller');
  });

  test('refuses what comes through a proxy on its machine, which makes everybody look local', async () => {
    const host = '127.0.0.1:3000';
    // As nginx, Caddy, Traefik, HAProxy, Apache and Cloudflare's tunnel send them.
    for (const header of [
      { 'x-forwarded-for': '203.0.113.7' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-proto': 'https' },
      { 'x-forwarded-host': 'strata.example' },
      { 'x-real-ip': '203.0.113.7' },
      { forwarded: 'for=203.0.113.7;proto=https' },
      { via: '1.1 Caddy' },
      { 'cf-connecting-ip': '203.0.113.7' },
    ] as Record<string, string>[]) {
      const response = await call('GET', '/jobs', undefined, { headers: { host, ...header } });
      const { code, detail } = response.json();
      assert.deepEqual([response.statusCode, code], [403, 'foreign_caller'], JSON.stringify(header));
      assert.match(detail, new RegExp(`${Object.keys(header)[0]}.*npm run api-key`));
    }
    assert.equal(proxySign({ host }, '1.0'), 'HTTP/1.0');
    assert.equal(proxySign({ host, 'user-agent': 'curl/8' }, '1.1'), null);
  });

  test('asks every client for a key where other machines can reach it', async () => {
    const open = await buildLiveApp(live.strata, false);
    const response = await open.inject({ url: '/jobs' });
    assert.deepEqual([response.statusCode, response.json().code], [401, 'unauthenticated']);
    assert.equal((await open.inject({ url: '/health/live' })).statusCode, 200);
    await open.close();
  });

  test('makes its first key for an admin only, and asks for keys from then on', async () => {
    const payload = { name: 'ci', scopes: ['jobs:read'] };
    const refused = await call('POST', '/api-keys', undefined, { payload });
    assert.deepEqual([refused.statusCode, refused.json().errors[0].pointer], [400, '/scopes']);
    const made = await call('POST', '/api-keys', undefined, { payload: { name: 'me', scopes: ['admin'] } });
    assert.equal(made.statusCode, 201, made.body);
    assert.equal(made.headers['cache-control'], 'no-store');
    await eventually('closed', async () => (await call('GET', '/jobs')).statusCode === 401);
    const { id, key } = made.json();
    assert.equal((await call('GET', '/api-keys', key)).json().data[0].id, id);
    assert.equal((await call('DELETE', `/api-keys/${id}`, key)).statusCode, 204);
    await eventually('revoked', async () => (await call('GET', '/api-keys', key)).statusCode === 401);
    assert.equal((await call('GET', '/jobs')).statusCode, 401, 'no way back to a server without keys');
  });

  test('creates the key that its operator has chosen, if there has never been one', async () => {
    const { servers, sql } = live.strata;
    const options = { ...servers, blobUrl: `file://${servers.home}/blobs` };
    const [first, second] = ['a', 'b'].map((digit) => `strata_${digit.repeat(24)}_${digit.repeat(64)}`);
    const admits = async (bootstrapKey: string | undefined, token = bootstrapKey) => {
      const service = await createJobsService({ ...options, ...(bootstrapKey && { bootstrapKey }) });
      return service.authenticate(token ?? '').finally(() => service.close());
    };
    assert.equal(await admits(first), null, 'there was a key, which is revoked');
    await sql.query('TRUNCATE api_key');
    assert.deepEqual(await admits(first), {
      keyId: `key_${'a'.repeat(24)}`,
      tenant: 'default',
      scopes: SCOPES,
    });
    assert.equal(await admits(second), null, 'there is a key');
    assert.ok(await admits(first), 'a restart changes nothing');
    await sql.query('UPDATE api_key SET revoked_at = now()');
    assert.equal(await admits(first), null, 'a revoked key stays revoked');
    await assert.rejects(admits('secret'), (error: Error) => {
      assert.match(error.message, /STRATA_BOOTSTRAP_KEY.*openssl/);
      return !error.message.includes('secret');
    });
  });
});

describe('API keys', () => {
  const { live, call, keyWith } = useLiveApi();

  test('are shown once; the tables keep a hash', async () => {
    const admin = await keyWith(['admin']);
    const payload = { name: 'ci', scopes: ['jobs:read', 'jobs:write'] };
    const made = (await call('POST', '/api-keys', admin, { payload })).json();
    const token = parseToken(made.key);
    assert.equal(token?.keyId, made.id);
    const described = await call('GET', `/api-keys/${made.id}`, admin);
    assert.deepEqual({ ...(described.json() as object), key: made.key }, made);
    for (const response of [described, await call('GET', '/api-keys', admin)]) {
      assert.ok(!response.body.includes(token?.secret ?? ''));
    }
    const { rows } = await live.strata.sql.query('SELECT row_to_json(api_key)::text AS text FROM api_key');
    assert.ok(rows.length >= 2 && rows.every(({ text }) => !text.includes(token?.secret)));
  });

  test('are accepted only whole', async () => {
    const key = await keyWith(SCOPES);
    const token = parseToken(key)!;
    const other = parseToken(await keyWith(SCOPES))!;
    const wrong = [
      formatToken({ ...token, secret: other.secret }),
      formatToken({ ...token, keyId: `key_${'0'.repeat(24)}` }),
      key.slice(0, -1),
      `${key}0`,
      key.toUpperCase(),
      'strata__',
      'x',
    ];
    assert.equal((await call('GET', '/jobs', key)).statusCode, 200);
    for (const text of wrong) {
      const response = await call('GET', '/jobs', text);
      assert.deepEqual([response.statusCode, response.json().code], [401, 'unauthenticated'], text);
      assert.match(String(response.headers['www-authenticate']), /^Bearer .*invalid_token/);
    }
    const basic = { headers: { authorization: `Basic ${Buffer.from(`:${key}`).toString('base64')}` } };
    assert.equal((await call('GET', '/jobs', undefined, basic)).statusCode, 401);
    assert.equal((await call('GET', '/jobs')).headers['www-authenticate'], 'Bearer realm="strata"');
  });

  test('a revoked key is refused within a second, by every API process, and its open streams end', async () => {
    const { servers } = live.strata;
    const blobUrl = `file://${servers.home}/blobs`;
    const elsewhere = await createJobsService({ ...servers, blobUrl });
    const key = await keyWith(['jobs:read']);
    const { job } = await live.strata.service.forTenant('ours').jobs.createJob(smallJob(), {});
    const url = await live.app.listen({ host: '127.0.0.1', port: 0 });
    const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' };
    const stream = await fetch(`${url}/jobs/${job.id}/events`, { headers });
    assert.ok(await elsewhere.authenticate(key));
    await live.office.revoke('ours', parseToken(key)!.keyId);
    const ended = stream.text().then(
      () => 'ended',
      () => 'ended',
    );
    assert.ok(KEY_CACHE_MS < 1000);
    await eventually('refused elsewhere', async () => (await elsewhere.authenticate(key)) === null);
    await eventually('refused here', async () => (await call('GET', '/jobs', key)).statusCode === 401);
    assert.equal(await ended, 'ended');
    await elsewhere.close();
  });

  test('are limited in number for each tenant', async () => {
    const admin = await keyWith(['admin'], 'crowded');
    await live.strata.sql.query(
      `INSERT INTO api_key (id, tenant, name, scopes, secret_hash)
       SELECT 'key_crowd' || n, 'crowded', '', '[]', '' FROM generate_series(1, 99) AS n`,
    );
    const response = await call('POST', '/api-keys', admin, { payload: { name: 'x', scopes: ['admin'] } });
    assert.deepEqual([response.statusCode, response.json().code], [409, 'limit_reached']);
  });
});
