import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { checkRedis } from '../../../src/jobs/queue/check-redis.js';
import { followNudges, openPublishedNudges } from '../../../src/jobs/queue/published-nudges.js';
import { consumeTasks, openTaskQueue } from '../../../src/jobs/queue/queue.js';
import { openRedisProbe } from '../../../src/jobs/queue/redis.js';
import { eventually } from '../../support/eventually.js';
import { startRedisProcess } from '../../support/redis-servers.js';

const PASSWORD = 'secret of the servers';
const SERVER = [
  `requirepass "${PASSWORD}"`,
  `masterauth "${PASSWORD}"`,
  'maxmemory-policy noeviction',
  'save ""',
];

/** A master with a replica, and a Sentinel that needs half a second to take it for dead. */
async function startWatchedServers(t: TestContext) {
  const master = await startRedisProcess(t, SERVER);
  const replica = await startRedisProcess(t, [...SERVER, `replicaof 127.0.0.1 ${master.port}`]);
  const watch = [
    `sentinel monitor main 127.0.0.1 ${master.port} 1`,
    `sentinel auth-pass main "${PASSWORD}"`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 3000',
  ];
  const sentinel = await startRedisProcess(t, watch, ['--sentinel']);
  const query = `sentinels=127.0.0.1:${sentinel.port}`;
  // The first of them does not answer.
  const urlOf = (name: string) =>
    `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:1?sentinel_master=${name}&${query}`;
  return { master, replica, sentinel, urlOf };
}

test('tasks and nudges go on through a failover to the replica', async (t) => {
  const { master, sentinel, urlOf } = await startWatchedServers(t);
  const url = urlOf('main');
  assert.match((await checkRedis(url)).version, /^\d+\.\d+/);
  const { Redis } = await import('ioredis');
  const asked = new Redis({ port: sentinel.port });
  t.after(() => asked.disconnect());
  await eventually('the Sentinel knows the replica', async () => {
    return ((await asked.call('SENTINEL', 'REPLICAS', 'main')) as unknown[]).length === 1;
  });

  const ignore = () => undefined;
  const offered: (string | null)[] = [];
  const queue = openTaskQueue(url, ignore);
  const consumer = await consumeTasks(url, 1, async (task) => void offered.push(task), ignore);
  const probe = openRedisProbe(url);
  const heard: string[] = [];
  const nudges = openPublishedNudges(url);
  const follower = followNudges(url, 'strata_dispatch', (payload) => heard.push(payload));
  t.after(async () => {
    follower.close();
    nudges.close();
    await Promise.all([queue.close(), consumer.close(), probe.close()]);
  });
  const proveWork = async (task: string): Promise<void> => {
    await eventually('a write succeeds', async () => (await probe.problem(1_000)) === null);
    await eventually('the task is offered', async () => {
      // A master that is gone takes what it held along; the dispatcher offers such tasks again.
      void queue.offer([{ id: task, attempt: 0 }]).catch(ignore);
      nudges.publish([{ channel: 'strata_dispatch', payload: task }]);
      return offered.includes(task) && heard.includes(task);
    });
  };
  await proveWork('before');
  master.process.kill('SIGKILL');
  await once(master.process, 'exit');
  await proveWork('after');
});

test('a wrong Sentinel, master or password is named, with the reason', async (t) => {
  const { sentinel, urlOf } = await startWatchedServers(t);
  await assert.rejects(
    checkRedis(urlOf('other')),
    /^Error: REDIS_URL: no Sentinel of 127\.0\.0\.1:1, .* knows a master called other that can be reached \(.*No such master/,
  );
  await assert.rejects(
    checkRedis(`redis://127.0.0.1:${sentinel.port}`),
    /^Error: REDIS_URL: this is a Sentinel.* \?sentinel_master=NAME/,
  );
  await assert.rejects(
    checkRedis(urlOf('main').replace(encodeURIComponent(PASSWORD), 'wrong')),
    /^Error: REDIS_URL: .* refuses the password/,
  );
});

test('a real cluster is refused by a URL of a single server', async (t) => {
  const { port } = await startRedisProcess(t, ['cluster-enabled yes', 'save ""']);
  await assert.rejects(
    checkRedis(`redis://127.0.0.1:${port}`),
    /REDIS_URL: .* Redis Cluster.*cluster_nodes=/,
  );
});
