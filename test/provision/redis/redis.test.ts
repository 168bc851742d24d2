import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { isSupportedRedis } from '../../../src/contract/redis-version.js';
import { checkRedis } from '../../../src/jobs/queue/check-redis.js';
import { processGone } from '../../../src/provision/processes.js';
import { startRedis, stopRedis } from '../../../src/provision/redis/redis.js';
import { temporaryFolder } from '../temporary.js';

async function using<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

test('Redis: started, found again, stopped, started with its data', async (t) => {
  const home = await temporaryFolder(t, stopRedis);
  const first = await startRedis(home);
  await using(first.url, (client) => client.set('kept', '7'));
  assert.equal((await startRedis(home)).pid, first.pid);
  await first.stop();
  const second = await startRedis(home);
  assert.equal(await using(second.url, (client) => client.get('kept')), '7');
});

test('Redis: entries of the append-only file are there after kill -9', async (t) => {
  const home = await temporaryFolder(t, stopRedis);
  const first = await startRedis(home);
  await using(first.url, async (client) => {
    // An answer then means that the file is on disk, which `everysec` promises only within a second.
    await client.config('SET', 'appendfsync', 'always');
    await client.set('kept', '8');
  });
  process.kill(first.pid, 'SIGKILL');
  await processGone(first.pid, 5000);
  const second = await startRedis(home);
  assert.equal(await using(second.url, (client) => client.get('kept')), '8');
});

test('Redis: a given server that evicts keys is refused, with the remedy', async (t) => {
  const { url } = await startRedis(await temporaryFolder(t, stopRedis));
  await checkRedis(url);
  await using(url, (client) => client.config('SET', 'maxmemory-policy', 'allkeys-lru'));
  await assert.rejects(checkRedis(url), /allkeys-lru.*CONFIG SET maxmemory-policy noeviction/);
});

test('Redis: versions older than 6.2 are not used', () => {
  assert.deepEqual(['5.0', '6.0', '6.2', '7.0', '10.1', undefined].map(isSupportedRedis), [
    ...[false, false, true, true, true, false],
  ]);
});
