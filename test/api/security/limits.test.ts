import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildApp } from '../../../src/api/app.js';
import { countSafely } from '../../../src/api/http/safe-counter.js';
import { SCOPES } from '../../../src/contract/access.js';
import { stopRedis } from '../../../src/provision/redis/redis.js';
import { buildLiveApp, useLiveApi } from './live-api.js';

describe('rate limits', () => {
  const { live, keyWith } = useLiveApi();

  test('hold for one key, over all API processes, with Redis and without', async () => {
    const apps = await Promise.all([1, 2].map(() => buildLiveApp(live.strata, true, 3)));
    const ask = (key: string, turn: number) =>
      apps[turn % 2]!.inject({ url: '/jobs', headers: { authorization: `Bearer ${key}` } });
    const key = await keyWith(SCOPES);
    const answers = [await ask(key, 0), await ask(key, 1), await ask(key, 0), await ask(key, 1)];
    assert.deepEqual(
      answers.map(({ statusCode }) => statusCode),
      [200, 200, 200, 429],
    );
    assert.deepEqual(
      answers.map(({ headers }) => headers['ratelimit-remaining']),
      ['2', '1', '0', '0'],
    );
    const refused = answers.at(-1)!;
    assert.equal(refused.json().code, 'rate_limited');
    const wait = Number(refused.headers['retry-after']);
    assert.ok(wait >= 1 && wait <= 60);
    assert.equal((await ask(await keyWith(SCOPES), 0)).statusCode, 200, 'another key has its own');

    await stopRedis(live.strata.servers.home);
    const alone = await keyWith(SCOPES);
    const here = [];
    for (let turn = 0; turn < 4; turn++) here.push((await ask(alone, 0)).statusCode);
    assert.deepEqual(here, [200, 200, 200, 429], 'each process counts what it sees');
    assert.equal((await ask(alone, 1)).statusCode, 200);
    await Promise.all(apps.map((app) => app.close()));
  });

  test('hold without a look at any table, and a key that was valid here is still heard', async () => {
    const looks: string[] = [];
    const authenticate = (token: string) => {
      looks.push(token);
      return live.strata.service.authenticate(token);
    };
    const app = await buildApp(
      { ...live.strata.service, authenticate },
      { logLevel: 'silent', loopback: true, requestsPerMinute: 3 },
    );
    const ask = async (key: string) =>
      (await app.inject({ url: '/jobs', headers: { authorization: `Bearer ${key}` } })).statusCode;
    const [valid, other] = [await keyWith(SCOPES), await keyWith(SCOPES)];
    assert.equal(await ask(other), 200);
    for (let turn = 0; turn < 10; turn++) await ask(valid);
    assert.equal(await ask(valid), 429);
    assert.equal(looks.filter((token) => token === valid).length, 4, 'the first refusal ends the looks');
    for (let turn = 0; turn < 61; turn++) await ask(`strata_key_guess${turn}`);
    const before = looks.length;
    assert.equal(await ask('strata_key_more'), 429);
    assert.equal(looks.length, before);
    assert.equal(await ask(other), 200, 'a guesser behind the same address locks nobody out');
    await app.close();
  });

  test('hold for an address that sends wrong keys', async () => {
    const guess = () => live.app.inject({ url: '/jobs', headers: { authorization: 'Bearer strata_guess' } });
    for (let turn = 0; turn < 60; turn++) assert.equal((await guess()).statusCode, 401);
    const refused = await guess();
    assert.deepEqual([refused.statusCode, refused.json().code], [429, 'rate_limited']);
    assert.ok(refused.headers['retry-after']);
  });
});

test('are counted by each process while the shared counter is away, which is tried again later', async () => {
  let now = 0;
  let down = true;
  const warnings: string[] = [];
  const shared = async () => {
    if (down) throw new Error('away');
    return { count: 100, remainingMs: 1 };
  };
  const log = { warn: (_: object, message: string) => void warnings.push(message) };
  const count = countSafely(shared, log, () => now);
  assert.deepEqual(await count('a', 1000), { count: 1, remainingMs: 1000 });
  now = 400;
  assert.deepEqual(await count('a', 1000), { count: 2, remainingMs: 600 });
  assert.deepEqual(await count('b', 1000), { count: 1, remainingMs: 1000 });
  now = 1000;
  assert.deepEqual(await count('a', 1000), { count: 1, remainingMs: 1000 }, 'a new window');
  assert.equal(warnings.length, 1);
  down = false;
  assert.equal((await count('a', 1000)).count, 2, 'it is left alone for a while');
  now = 5000;
  assert.equal((await count('a', 1000)).count, 100);
});
