import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { smallJob } from '../jobs/support/specs.js';
import { assertEffectsOnce } from '../support/effects.js';
import { eventually } from '../support/eventually.js';
import { childrenOf } from '../support/live-service.js';
import type { ServiceProcess } from '../support/process.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';
import { Line } from './chaos/line.js';

/** The promised time to exit after SIGTERM, also while servers are down. */
const LEAVE_MS = 30_000;

let strata: Strata;
const lines: Line[] = [];
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
});
after(async () => {
  await Promise.all(lines.map((line) => line.stop()));
  await strata.stop();
});

const create = async (): Promise<string> => (await strata.client.jobs.createJob(smallJob(), {})).job.id;

/** Addresses of the servers for one process, each through a separate proxy. */
async function overLines() {
  const { databaseUrl, redisUrl } = strata.servers;
  const [postgres, redis] = await Promise.all(
    [databaseUrl, redisUrl].map((url) => Line.start(Number(new URL(url).port))),
  );
  assert.ok(postgres && redis);
  lines.push(postgres, redis);
  const through = (url: string, { port }: Line) => Object.assign(new URL(url), { port: String(port) }).href;
  const environment = { DATABASE_URL: through(databaseUrl, postgres), REDIS_URL: through(redisUrl, redis) };
  return { postgres, redis, environment };
}

async function leavesInTime(name: string, process: ServiceProcess): Promise<void> {
  const trainers = childrenOf(process.pid);
  const late = delay(LEAVE_MS, 'late' as const, { ref: false });
  assert.notEqual(await Promise.race([process.stop(), late]), 'late', `${name} is still there`);
  for (const trainer of trainers) await eventually('its trainer is gone', () => !childExists(trainer), 5_000);
}

function childExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a worker whose connections to Postgres went dead without a word comes back by itself', async () => {
  const dispatcher = await strata.startDispatcher();
  const { postgres, environment } = await overLines();
  const worker = await strata.startWorker(environment);
  await strata.orders.hold('stage-0-1');
  const id = await create();
  await strata.orders.started('stage-0-1');
  postgres.cut();
  // New connections work. Existing ones get no sign that they are dead.
  postgres.mend();
  await strata.orders.started('stage-0-1', 2);
  await strata.orders.release('stage-0-1');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  await assertEffectsOnce(strata, id);
  await Promise.all([worker.stop(), dispatcher.stop()]);
});

test('a worker and a dispatcher whose connections to Redis went dead without a word come back by themselves', async () => {
  const [one, two] = [await overLines(), await overLines()];
  const worker = await strata.startWorker(one.environment);
  const dispatcher = await strata.startDispatcher(two.environment);
  for (const { redis } of [one, two]) redis.cut();
  const id = await create();
  // New connections work. Existing ones get no sign that they are dead.
  for (const { redis } of [one, two]) redis.mend();
  assert.equal((await strata.ended(id)).state, 'succeeded');
  await assertEffectsOnce(strata, id);
  await Promise.all([worker.stop(), dispatcher.stop()]);
});

test('running workers, dispatcher and API exit in time when asked, whatever does not respond', async () => {
  await strata.startDispatcher();
  await strata.orders.clear();
  await strata.orders.hold('stage-1-0');
  const parts = await Promise.all(Array.from({ length: 5 }, overLines));
  const [one, two, three, four, five] = parts as [Part, Part, Part, Part, Part];
  const workers = await Promise.all(
    [one, two, three].map(({ environment }) => strata.startWorker(environment)),
  );
  const dispatcher = await strata.startDispatcher(four.environment);
  const api = await strata.startApi(five.environment);
  for (const _ of workers) await create();
  await eventually('every worker is at work', async () => {
    const { rows } = await strata.sql.query(
      `SELECT DISTINCT worker_id FROM task WHERE state = 'running' AND key = 'stage-1-0'`,
    );
    return rows.length === workers.length;
  });
  for (const { postgres } of [one, three, four, five]) postgres.cut();
  for (const { redis } of [two, three, four, five]) redis.cut();
  const asked = fetch(`${api.url}/jobs`).catch(() => null);
  const [noPostgres, noRedis, neither] = workers as [ServiceProcess, ServiceProcess, ServiceProcess];
  await Promise.all([
    leavesInTime('the worker without Postgres', noPostgres),
    leavesInTime('the worker without Redis', noRedis),
    leavesInTime('the worker without either', neither),
    leavesInTime('the dispatcher', dispatcher),
    leavesInTime('the API', api),
  ]);
  await asked;
});

type Part = Awaited<ReturnType<typeof overLines>>;
