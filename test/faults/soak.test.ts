import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { smallJob } from '../jobs/support/specs.js';
import { assertEffectsOnce } from '../support/effects.js';
import type { ServiceProcess } from '../support/process.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';
import { processesOf } from './chaos/home-processes.js';
import { MemoryWatch } from './chaos/memory-watch.js';

/**
 * Jobs of a few seconds through two workers, of which one is killed every 5 s, while Redis is emptied every 20 s, with
 * the fake trainer, whose tasks take time and nothing else. SOAK=real has the real one instead (real-soak.test.ts).
 */
const all = process.env.FAULTS === 'all';
const JOBS = Number(process.env.SOAK_JOBS ?? (all ? 200 : 6));
const KILL_MS = 5_000;
const FLUSH_MS = all ? 20_000 : 8_000;
/** The short form ends soon even where workers take long to start. */
const MAX_KILLS = all ? Number.POSITIVE_INFINITY : 3;
const SPEC = smallJob();
/** About ten tasks one after another. */
const FAKE_TASK_MS = '250';

let strata: Strata;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 2 });
});
after(() => strata.stop());

test(`${JOBS} jobs while workers are killed and Redis is emptied: all succeed, nothing twice, nothing left over`, async (t) => {
  const [api, dispatcher] = await Promise.all([
    strata.startApi({ STRATA_RATE_LIMIT: '100000' }),
    strata.startDispatcher(),
  ]);
  const workers = [new Mortal(), new Mortal()];
  await Promise.all(workers.map((worker) => worker.live()));
  const memory = new MemoryWatch({ api: () => api.pid, dispatcher: () => dispatcher.pid });
  const over = new AbortController();
  const harm = Promise.all([killInTurn(workers, over.signal), flushAgain(over.signal)]);
  const startedAt = performance.now();

  const ids = await Promise.all(Array.from({ length: JOBS }, () => create(api)));
  for (const id of ids) assert.equal(await stateAtEnd(api, id), 'succeeded');
  const seconds = (performance.now() - startedAt) / 1000;
  over.abort();
  const [kills, flushes] = await harm;

  for (const id of ids) await assertEffectsOnce(strata, id);
  await Promise.all(workers.map((worker) => worker.settled()));
  const owners = [api, dispatcher, ...workers.map(({ process }) => process)].map((process) => process?.pid);
  assert.deepEqual(
    processesOf(strata.servers.home).filter(
      ({ pid, parent }) => !owners.includes(pid) && !owners.includes(parent),
    ),
    [],
    'processes whose worker is gone',
  );
  const { rows } = await strata.sql.query('SELECT sum(attempt - 1)::int AS again FROM task');
  t.diagnostic(
    `${seconds.toFixed(0)} s, ${kills} kills, ${flushes} flushes, ${rows[0].again} attempts lost; ${memory.summary()}`,
  );
  memory.stop();
  if (all) memory.assertFlat();
});

/** A worker that is started again whenever it was killed. */
class Mortal {
  process: ServiceProcess | null = null;
  private starting: Promise<void> = Promise.resolve();

  live(): Promise<void> {
    this.starting = strata.startWorker({ FAKE_TRAINER_MS: FAKE_TASK_MS }).then((process) => {
      this.process = process;
    });
    return this.starting;
  }

  settled(): Promise<void> {
    return this.starting;
  }

  /** Nothing while it still starts. @returns whether it was killed */
  async die(): Promise<boolean> {
    const { process } = this;
    if (process === null) return false;
    this.process = null;
    await process.kill();
    void this.live();
    return true;
  }
}

async function killInTurn(workers: readonly Mortal[], signal: AbortSignal): Promise<number> {
  let kills = 0;
  for (let turn = 0; kills < MAX_KILLS && (await passed(KILL_MS, signal)); turn++) {
    if (await workers[turn % workers.length]?.die()) kills++;
  }
  return kills;
}

async function flushAgain(signal: AbortSignal): Promise<number> {
  const redis = new Redis(strata.servers.redisUrl);
  let flushes = 0;
  for (; await passed(FLUSH_MS, signal); flushes++) await redis.flushall();
  redis.disconnect();
  return flushes;
}

/** @returns false at the end of it all */
const passed = (ms: number, signal: AbortSignal): Promise<boolean> =>
  delay(ms, true, { signal }).catch(() => false);

async function create({ url }: ServiceProcess): Promise<string> {
  const response = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(SPEC),
  });
  assert.equal(response.status, 201, response.statusText);
  return ((await response.json()) as { id: string }).id;
}

const ENDS = ['succeeded', 'failed', 'cancelled'];
const LOOK_MS = 50;

async function stateAtEnd({ url }: ServiceProcess, id: string): Promise<string> {
  for (;;) {
    const response = await fetch(`${url}/jobs/${id}`);
    const { state } = (await response.json()) as { state: string };
    if (ENDS.includes(state)) return state;
    await delay(LOOK_MS);
  }
}
