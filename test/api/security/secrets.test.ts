import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import type pg from 'pg';
import { SCOPES } from '../../../src/contract/access.js';
import { Receiver } from '../../jobs/dispatcher/webhooks/receiver.js';
import { eventually } from '../../support/eventually.js';
import { serviceModule } from '../../support/service-module.js';
import { Strata } from '../../support/strata.js';
import { QUICK } from '../harness.js';

/** A process of the service that says all it can, and everything that it said. */
async function startTalkative(module: string, env: NodeJS.ProcessEnv) {
  const { path, execArgv } = serviceModule(module);
  const child: ChildProcess = fork(path, [], {
    env: { ...env, LOG_LEVEL: 'trace' },
    execArgv: [...execArgv],
    silent: true,
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text: Buffer) => said.push(text.toString()));
  const ended = once(child, 'exit').then(() =>
    Promise.reject(new Error(`${module} ended: ${said.join('')}`)),
  );
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [{ url?: string }];
  ended.catch(() => undefined);
  const stop = async () => {
    child.kill('SIGTERM');
    await ended.catch(() => undefined);
  };
  return { url: message.url ?? '', log: () => said.join(''), stop };
}

/** Every row of every table, as text. */
async function databaseText(sql: pg.Pool): Promise<string> {
  const { rows: tables } = await sql.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
  const texts = tables.map(async ({ tablename }) => {
    const { rows } = await sql.query(`SELECT t::text AS text FROM "${tablename}" AS t`);
    return rows.map(({ text }) => text).join('\n');
  });
  return (await Promise.all(texts)).join('\n');
}

/** Every value in Redis, as text. */
async function redisText(redis: Redis): Promise<string> {
  const read: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => redis.get(key),
    hash: (key) => redis.hgetall(key),
    list: (key) => redis.lrange(key, 0, -1),
    zset: (key) => redis.zrange(key, '0', '-1'),
    set: (key) => redis.smembers(key),
    stream: (key) => redis.xrange(key, '-', '+'),
  };
  const keys = await redis.keys('*');
  const values = keys.map(async (key) => [key, await read[await redis.type(key)]?.(key)]);
  return JSON.stringify(await Promise.all(values));
}

test('no key and no signing secret appears in a log, an event, a queue message or the database', async (t) => {
  const strata = await Strata.start();
  t.after(() => strata.stop());
  const receiver = await Receiver.start();
  t.after(() => receiver.stop());
  const { home, databaseUrl, redisUrl } = strata.servers;
  const env = {
    ...process.env,
    ...{
      STRATA_HOME: home,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      PORT: '0',
      BLOB_URL: `file://${home}/blobs`,
    },
    STRATA_OUTGOING_ALLOW: '127.0.0.1',
  };
  const [api, dispatcher] = await Promise.all(
    ['api/server.ts', 'jobs/dispatcher/main.ts'].map((module) => startTalkative(module, env)),
  );
  t.after(() => Promise.all([api!.stop(), dispatcher!.stop()]));
  const post = async (path: string, body: unknown, key?: string) => {
    const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
    const response = await fetch(api!.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, json: (await response.json()) as Record<string, string> };
  };

  const { key } = (await post('/api-keys', { name: 'me', scopes: SCOPES })).json;
  const hook = (await post('/webhooks', { url: receiver.url, events: ['job.queued'] }, key)).json;
  const wrong = `${key?.slice(0, -4)}0000`;
  assert.equal((await post('/jobs', QUICK, wrong)).status, 401);
  const job = await post('/jobs', QUICK, key);
  assert.equal(job.status, 201);
  await eventually('the webhook was told', () => receiver.received.length > 0);

  const redis = new Redis(redisUrl);
  t.after(() => redis.disconnect());
  const queue = await eventually('a message on the queue', async () => {
    const text = await redisText(redis);
    return text.includes('"bull:') && text;
  });
  const texts = { log: api!.log() + dispatcher!.log(), database: await databaseText(strata.sql), queue };
  assert.match(texts.log, /incoming request/);
  assert.ok(texts.database.includes(job.json.id ?? ''));
  const sealing = (await readFile(join(home, 'secret.key'), 'utf8')).trim();
  const secrets = {
    key,
    wrong,
    hook: hook.secret,
    sealing,
    half: key?.split('_')[2],
    raw: hook.secret?.slice(6),
  };
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(secret && secret.length > 20, name);
    for (const [where, text] of Object.entries(texts))
      assert.ok(!text.includes(secret), `${name} is in the ${where}`);
  }
});
