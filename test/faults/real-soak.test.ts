import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { components } from '../../src/contract/generated/openapi.js';
import { imageFolder } from '../datasets/support/images.js';
import { makeZip } from '../datasets/support/zip.js';
import { eventually } from '../support/eventually.js';
import { filesOf } from './chaos/damage.js';
import { processesOf } from './chaos/home-processes.js';
import { inject } from './chaos/inject.js';
import { MemoryWatch } from './chaos/memory-watch.js';
import { get, JOB, outcome, post } from './chaos/play.js';
import { allCells, type Fault, mulberry32, seedOf } from './chaos/schedule.js';
import { type Actor, Theatre } from './chaos/theatre.js';

/**
 * SOAK=real: jobs of the real trainer through two workers, while one random fault follows another: every kind of the
 * matrix. SOAK_JOBS says how many (200), SOAK_MINUTES after how long no more are sent.
 */
const real = process.env.SOAK === 'real';
const skip = real ? false : 'it takes more than ten minutes: SOAK=real npm test -- faults/real-soak';
const JOBS = Number(process.env.SOAK_JOBS ?? 200);
const SEND_MS = Number(process.env.SOAK_MINUTES ?? Number.POSITIVE_INFINITY) * 60_000;
/** Every kind of task, in as little time as it can take: a network of 8 layers, and 32 images of its own dataset. */
const SMALL_JOB = {
  ...JOB,
  dataset: 'flowers',
  model: { depth: 8, width: 1 },
  max_train_samples: 32,
  batch_size: 8,
} as const;
/** Jobs that are open at once: two run and one waits. */
const OPEN = 3;
/** Between the end of a fault and the next. */
const REST_MS = 3_000;
const LOOK_MS = 500;
/** Share of the looks at a process's memory that find it smaller: it is restarted every minute or so. */
const WARM = 0.9;

const seed = seedOf(process.env);
const random = mulberry32(seed);
const FAULTS = [...new Set(allCells().map(({ fault }) => fault))];
const oneOf = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

test(`the real trainer's jobs under random faults of every kind: all succeed with equal weights (SEED=${seed})`, {
  skip,
}, async (t) => {
  const theatre = await Theatre.open({ workers: 2 });
  t.after(() => theatre.close());
  await importFlowers(theatre);
  const judge = await play(theatre);
  const { api, dispatcher } = theatre.children;
  const memory = new MemoryWatch({ api: () => api.pid ?? 0, dispatcher: () => dispatcher.pid ?? 0 }, WARM);
  const over = new AbortController();
  const startedAt = performance.now();
  const harm = hurtAgainAndAgain(theatre, over.signal);
  let sent = 0;
  const outcomes: Outcome[] = [];
  const line = async () => {
    while (sent < JOBS && performance.now() - startedAt < SEND_MS) {
      sent++;
      outcomes.push(await play(theatre));
    }
  };
  await Promise.all(Array.from({ length: OPEN }, line));
  const seconds = (performance.now() - startedAt) / 1000;
  over.abort();
  const faults = await harm;
  memory.stop();

  for (const { job, models, curves } of outcomes) {
    assert.equal(job.state, 'succeeded', JSON.stringify(job.error));
    assert.deepEqual(models, judge.models);
    assert.deepEqual(curves, judge.curves);
    assert.deepEqual(job.result?.figures, judge.job.result?.figures);
  }
  const owners = [api, dispatcher, ...theatre.workers.map(({ child }) => child)].map(({ pid }) => pid);
  const orphans = processesOf(theatre.home).filter(
    ({ pid, parent }) => !owners.includes(pid) && !owners.includes(parent),
  );
  assert.deepEqual(orphans, [], 'processes whose worker is gone');
  const again = await theatre.ask<{ again: number }>('SELECT sum(attempt - 1)::int AS again FROM task');
  const counts = FAULTS.map((fault) => `${fault} ${faults.filter((each) => each === fault).length}`);
  t.diagnostic(
    `SEED=${seed}: ${outcomes.length} jobs in ${seconds.toFixed(0)} s, ${faults.length} faults, ${again?.[0]?.again} attempts lost; ${memory.summary()}; ${counts.join(', ')}`,
  );
  memory.assertFlat();
});

/** One fault at a time, of either worker. @returns them, in order */
async function hurtAgainAndAgain(theatre: Theatre, signal: AbortSignal): Promise<Fault[]> {
  const faults: Fault[] = [];
  const rested = () => delay(REST_MS, true, { signal }).catch(() => false);
  while (await rested()) {
    theatre.aimAt(oneOf<Actor>(theatre.workers));
    const fault = oneOf(FAULTS);
    await inject(theatre, { fault, moment: 'running' });
    faults.push(fault);
  }
  return faults;
}

/** The upload is all there is of a dataset: its files cannot be made again, so a damaged disk spares them. */
async function importFlowers(theatre: Theatre): Promise<void> {
  const body = new FormData();
  body.append('name', SMALL_JOB.dataset);
  const zip = makeZip(await imageFolder(['train', 'test'], ['rose', 'tulip'], 16));
  body.append('file', new Blob([new Uint8Array(zip)]), 'flowers.zip');
  assert.equal((await fetch(`${theatre.apiUrl}/datasets`, { method: 'POST', body })).status, 201);
  await eventually('the dataset is ready', async () => {
    const { state } = await get<components['schemas']['Dataset']>(theatre, `/datasets/${SMALL_JOB.dataset}`);
    return state === 'ready';
  });
  theatre.spared = new Set(await filesOf(join(theatre.blobs, 'blobs')));
}

type Job = components['schemas']['Job'];
type Outcome = Awaited<ReturnType<typeof outcome>>;
const ENDS = ['succeeded', 'failed', 'cancelled'];

/** A job, from its submission to its end. */
async function play(theatre: Theatre): Promise<Outcome> {
  const { id } = await post<Job>(theatre, '/jobs', SMALL_JOB);
  while (!ENDS.includes((await get<Job>(theatre, `/jobs/${id}`)).state)) await delay(LOOK_MS);
  return outcome(theatre, id, false);
}
