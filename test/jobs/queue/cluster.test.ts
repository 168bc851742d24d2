import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { answerPredictions } from '../../../src/jobs/queue/answer-predictions.js';
import { checkRedis } from '../../../src/jobs/queue/check-redis.js';
import { openPredictionQueue } from '../../../src/jobs/queue/predictions.js';
import { followNudges, openPublishedNudges } from '../../../src/jobs/queue/published-nudges.js';
import { consumeTasks, openTaskQueue } from '../../../src/jobs/queue/queue.js';
import { openRedisProbe } from '../../../src/jobs/queue/redis.js';
import { openRequestCounter } from '../../../src/jobs/queue/request-counter.js';
import { freePort } from '../../../src/provision/processes.js';
import { eventually } from '../../support/eventually.js';
import { type RedisProcess, startRedisProcess } from '../../support/redis-servers.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

const PASSWORD = 'secret of the nodes';
const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 1_000;
const NODE = [
  `requirepass "${PASSWORD}"`,
  `masterauth "${PASSWORD}"`,
  'maxmemory-policy noeviction',
  'save ""',
  'cluster-enabled yes',
  `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
  'repl-diskless-sync-delay 0',
];
const MASTERS = 3;

interface Nodes {
  readonly url: string;
  /** The master of the queue's keys. */
  queueMaster(): Promise<RedisProcess>;
}

/** The port for other nodes is chosen, too: 10,000 above the first one may be none. */
async function startNode(t: TestContext): Promise<RedisProcess & { readonly bus: number }> {
  const bus = await freePort();
  return { ...(await startRedisProcess(t, [...NODE, `cluster-port ${bus}`])), bus };
}

/** Three masters, each with a third of the slots and a replica. */
async function startCluster(t: TestContext): Promise<Nodes> {
  const nodes = await Promise.all(Array.from({ length: 2 * MASTERS }, () => startNode(t)));
  const clients = nodes.map(({ port }) => new Redis({ port, password: PASSWORD }));
  for (const client of clients) client.on('error', () => undefined);
  t.after(() => {
    for (const client of clients) client.disconnect();
  });
  const masters = clients.slice(0, MASTERS);
  await Promise.all(
    masters.map((client, index) => {
      const [from, to] = [index, index + 1].map((part) => Math.floor((part * SLOTS) / MASTERS));
      return client.call('CLUSTER', 'ADDSLOTSRANGE', from!, to! - 1);
    }),
  );
  for (const { port, bus } of nodes.slice(1))
    await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', port, bus);
  const ids = await Promise.all(masters.map((client) => client.call('CLUSTER', 'MYID') as Promise<string>));
  for (const [index, client] of clients.slice(MASTERS).entries()) {
    await eventually('a replica knows its master', async () => {
      const known = await client.call('CLUSTER', 'REPLICATE', ids[index]!).catch(() => null);
      return known === 'OK';
    });
  }
  await eventually('every node sees all of the cluster', async () => {
    const seen = await Promise.all(
      clients.map(async (client) => String(await client.call('CLUSTER', 'NODES'))),
    );
    const infos = await Promise.all(
      clients.map(async (client) => String(await client.call('CLUSTER', 'INFO'))),
    );
    return (
      infos.every((info) => info.includes('cluster_state:ok')) &&
      seen.every((lines) => lines.match(/slave .* connected/g)?.length === MASTERS)
    );
  });
  // A replica that has never had the data does not become a master.
  await eventually('every replica follows', async () => {
    const infos = await Promise.all(clients.slice(MASTERS).map((client) => client.info('replication')));
    return infos.every((info) => info.includes('master_link_status:up'));
  });
  const [first, ...others] = nodes.slice(0, MASTERS).map(({ port }) => `127.0.0.1:${port}`);
  return {
    url: `redis://:${encodeURIComponent(PASSWORD)}@${first}?cluster_nodes=${others.join()}`,
    async queueMaster() {
      // One that is gone never answers.
      const [slot, slots] = await Promise.any(
        clients.map((client) =>
          Promise.all([client.cluster('KEYSLOT', '{strata}'), client.cluster('SLOTS')]),
        ),
      );
      const [, , master] = slots.find(([from, to]) => from <= slot && slot <= to) ?? [];
      return nodes.find(({ port }) => port === master?.[1])!;
    },
  };
}

test('tasks, nudges, predictions and limits go on through the loss of the node that holds the queue', async (t) => {
  const { url, queueMaster } = await startCluster(t);
  assert.match((await checkRedis(url)).version, /^\d+\.\d+/);
  const ignore = () => undefined;
  const offered: (string | null)[] = [];
  const heard: string[] = [];
  const queue = openTaskQueue(url, ignore);
  const consumer = await consumeTasks(url, 1, async (task) => void offered.push(task), ignore);
  const probe = openRedisProbe(url);
  const nudges = openPublishedNudges(url);
  const follower = followNudges(url, 'strata_dispatch', (payload) => heard.push(payload));
  const counter = openRequestCounter(url);
  const predictions = openPredictionQueue(url, { places: 4, deadlineMs: 20_000 }, ignore);
  const answers = await answerPredictions<number, number>(
    url,
    { places: 2, tenantMax: 2 },
    async (question) => question + 1,
    ignore,
  );
  const close = async () => {
    follower.close();
    nudges.close();
    counter.close();
    await Promise.all([queue, consumer, probe, predictions, answers].map((open) => open.close()));
  };
  const proveWork = async (task: string): Promise<void> => {
    await eventually('a write succeeds', async () => (await probe.problem(1_000)) === null);
    await eventually('the task is offered', async () => {
      // A task that the master has not passed on to its replica is lost; the dispatcher offers it again.
      void queue.offer([{ id: task, attempt: 0 }]).catch(ignore);
      nudges.publish([{ channel: 'strata_dispatch', payload: task }]);
      return offered.includes(task) && heard.includes(task);
    });
    await eventually('a question is answered', async () => {
      const signal = AbortSignal.timeout(10_000);
      const asked = await predictions.ask<number, number>(1, { tenant: 'a', signal }).catch(() => null);
      return asked?.kind === 'answered' && asked.answer === 2;
    });
    await eventually('requests are counted', async () => {
      const counts = Array.from({ length: 9 }, (_, index) =>
        counter.countRequest(`${task}-${index}`, 60_000),
      );
      return (await Promise.allSettled(counts)).every(({ status }) => status === 'fulfilled');
    });
  };
  try {
    await proveWork('before');
    const lost = await queueMaster();
    lost.process.kill('SIGKILL');
    await once(lost.process, 'exit');
    await proveWork('after');
    assert.notEqual((await queueMaster()).port, lost.port);
  } finally {
    await close();
  }
});

test('a job runs with a cluster, and the master of its queue is lost in the middle', async (t) => {
  const { url, queueMaster } = await startCluster(t);
  const strata = await Strata.start({ trainer: FAKE_TRAINER });
  const settings = { REDIS_URL: url };
  try {
    await Promise.all([strata.startDispatcher(settings), strata.startWorker(settings)]);
    const { job } = await strata.client.jobs.createJob(smallJob(), {});
    await strata.event(job.id, 'job.running');
    const lost = await queueMaster();
    lost.process.kill('SIGKILL');
    await once(lost.process, 'exit');
    assert.equal((await strata.ended(job.id)).state, 'succeeded');
  } finally {
    await strata.stop();
  }
});

test('a cluster without all its slots, a server that is none, a wrong password and no nodes are named', async (t) => {
  const [lonely, plain] = await Promise.all([
    startNode(t),
    startRedisProcess(t, ['save ""', 'maxmemory-policy noeviction']),
  ]);
  const at = (port: number, password = PASSWORD) =>
    `redis://:${encodeURIComponent(password)}@127.0.0.1:${port}?cluster_nodes=`;
  await assert.rejects(
    checkRedis(at(lonely.port)),
    /^Error: REDIS_URL: the cluster answers, but does not serve/,
  );
  await assert.rejects(checkRedis(at(lonely.port, 'wrong')), /^Error: REDIS_URL: .* refuses the password/);
  await assert.rejects(
    checkRedis(`redis://127.0.0.1:${plain.port}?cluster_nodes=`),
    /^Error: REDIS_URL: .* is not in a cluster\. Leave out cluster_nodes/,
  );
  await assert.rejects(
    checkRedis('redis://127.0.0.1:1?cluster_nodes='),
    /^Error: REDIS_URL: nothing listens at/,
  );
});
