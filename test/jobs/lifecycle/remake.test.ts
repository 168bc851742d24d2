import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claim } from '../../../src/jobs/lifecycle/claim.js';
import { recordFailure } from '../../../src/jobs/lifecycle/fail.js';
import { recordReport } from '../../../src/jobs/lifecycle/report.js';
import { recordSuccess } from '../../../src/jobs/lifecycle/succeed.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import type { Strata } from '../../support/strata.js';
import { ByHand, SUCCESS } from '../support/by-hand.js';
import { useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));

const BLOB = `sha256:${'a'.repeat(64)}` as const;
const damaged = {
  code: 'blob_corrupt',
  message: `${BLOB} is damaged`,
  stage: null,
  step: null,
  tensor: null,
};
const output = { uri: BLOB, size_bytes: 1 };
const start = (maxAttempts = 5) => ByHand.start({ strata, db }, { max_attempts: maxAttempts });

const damage = (task: Claim['task'], input: string, code = damaged.code) =>
  recordFailure(db, task, { ...damaged, code }, 'retry', input);

test('the maker of a damaged input runs again; readers wait, running tasks go on, nothing else changes', async () => {
  const job = await start();
  await job.run('prepare', 'stage-1-0', 'stage-1-1');
  const reader = await job.claim('stage-0-0');
  const running = await job.claim('stage-1-2');
  assert.equal(await damage(reader, 'dataset'), true);
  const keys = ['prepare', 'stage-0-0', 'stage-1-0', 'stage-1-2', 'stage-1-3'];
  assert.deepEqual(await job.states(...keys), ['ready', 'waiting', 'succeeded', 'running', 'waiting']);
  // It has read its inputs, or will come back like the first one.
  assert.notEqual(await recordSuccess(db, running, SUCCESS, []), null);
  assert.deepEqual(await job.states(...keys), ['ready', 'waiting', 'succeeded', 'succeeded', 'waiting']);
  await job.run('prepare');
  assert.deepEqual(await job.states(...keys), ['succeeded', 'ready', 'succeeded', 'succeeded', 'ready']);
  const { rows } = await strata.sql.query(
    `SELECT key, failures FROM task WHERE job_id = $1 AND failures > 0`,
    [job.id],
  );
  assert.deepEqual(rows, [{ key: 'prepare', failures: 1 }], 'the damage counts where it happened');
});

test('two readers of the same damaged bytes let them be made again once, whichever comes when', async () => {
  const job = await start();
  await job.run('prepare', 'stage-1-0');
  const [one, two] = [await job.claim('stage-0-0'), await job.claim('stage-1-1')];
  await damage(one, 'dataset');
  await job.run('prepare');
  // This one read them before they were mended.
  await damage(two, 'dataset');
  assert.deepEqual(await job.states('prepare', 'stage-0-0', 'stage-1-1'), ['succeeded', 'ready', 'ready']);
  await damage(await job.claim('stage-1-1'), 'dataset');
  assert.deepEqual(await job.states('prepare', 'stage-0-0', 'stage-1-1'), ['ready', 'waiting', 'waiting']);
});

test('events describe the tasks of a plan without replicas without a replica', async () => {
  const { rows } = await strata.sql.query<{ message: string }>('SELECT message FROM event');
  assert.ok(rows.some(({ message }) => message.includes('runs again')));
  assert.deepEqual(
    rows.filter(({ message }) => /undefined|null|NaN/.test(message)),
    [],
  );
});

test('a maker whose own inputs are gone finds out and lets them be made first', async () => {
  const job = await start();
  await job.run('prepare', 'stage-1-0', 'stage-1-1');
  await damage(await job.claim('stage-1-2'), 'state');
  await damage(await job.claim('stage-1-1'), 'state');
  await damage(await job.claim('stage-1-0'), 'dataset');
  const chain = ['prepare', 'stage-1-0', 'stage-1-1', 'stage-1-2'];
  assert.deepEqual(await job.states(...chain), ['ready', 'waiting', 'waiting', 'waiting']);
  await job.run(...chain);
  assert.deepEqual(
    await job.states(...chain),
    chain.map(() => 'succeeded'),
  );
});

test('an attempt that is not the current one lets nothing be made again', async () => {
  const job = await start();
  await job.run('prepare', 'stage-1-0');
  const stale = await job.claim('stage-1-1');
  await recordFailure(db, stale, { ...damaged, code: 'trainer_crashed' }, 'retry');
  await job.claim('stage-1-1');
  const earlier = await job.everything();
  assert.equal(await damage(stale, 'state'), false);
  assert.deepEqual(await job.everything(), earlier);
});

test('storage that damages the same output again and again ends the job, which names the blob', async () => {
  const job = await start(3);
  await job.run('prepare', 'stage-1-0');
  for (let time = 0; time < 2; time++) {
    await damage(await job.claim('stage-1-1'), 'state');
    await job.run('stage-1-0');
  }
  await damage(await job.claim('stage-1-1'), 'state');
  const ended = await strata.client.jobs.getJob(job.id);
  assert.equal(ended?.state, 'failed');
  assert.equal(ended?.error?.code, 'blob_corrupt');
  assert.match(ended?.error?.message ?? '', new RegExp(BLOB));
});

test("a damaged input that no task makes is read again, and fails the job at last; a task's checkpoint is dropped", async () => {
  const job = await start(2);
  await job.run('prepare');
  const first = await job.claim('stage-1-0');
  const checkpoint = { ...output, step: 2, share: 0.5 };
  await recordReport(db, first, { progress: 0.5, samples: [], checkpoint });
  await damage(first, 'checkpoint');
  assert.equal(await db.checkpoint.count({ where: { taskId: first.id } }), 0);
  assert.deepEqual(await job.states('prepare', 'stage-1-0'), ['succeeded', 'ready']);
  await damage(await job.claim('stage-1-0'), 'source');
  assert.equal((await strata.client.jobs.getJob(job.id))?.error?.code, 'blob_corrupt');
});

test('a damaged input leaves the checkpoint of its task where it is', async () => {
  const job = await start();
  await job.run('prepare', 'stage-1-0');
  const task = await job.claim('stage-1-1');
  await recordReport(db, task, {
    progress: 0.5,
    samples: [],
    checkpoint: { ...output, step: 2, share: 0.5 },
  });
  await damage(task, 'state', 'blob_missing');
  const { checkpoint, progress } = await db.task.findUniqueOrThrow({
    where: { id: task.id },
    include: { checkpoint: true },
  });
  assert.deepEqual([checkpoint?.step, progress], [2, 0.5]);
});
