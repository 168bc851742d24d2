import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { DEFAULT_TENANT } from '../../src/contract/access.js';
import { startPostgres } from '../../src/provision/postgres/postgres.js';
import { startRedis, stopRedis } from '../../src/provision/redis/redis.js';
import { smallJob } from '../jobs/support/specs.js';
import { reference } from '../planning/sweeps/reference.js';
import { assertEffectsOnce, repeatedTasks } from '../support/effects.js';
import { eventually, processExists } from '../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';
import { SweepByHand } from './sweep-by-hand.js';

let strata: Strata;
beforeEach(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
});
afterEach(() => strata.stop());

const create = async (): Promise<string> => (await strata.client.jobs.createJob(smallJob(), {})).job.id;

async function flushRedis(): Promise<void> {
  const redis = new Redis(strata.servers.redisUrl);
  await redis.flushall();
  redis.disconnect();
}

test('kill -9 of a worker: its trainers die with it, another worker takes over', async (t) => {
  await strata.startDispatcher();
  const doomed = await strata.startWorker();
  await strata.orders.hold('stage-0-1');
  const id = await create();
  const trainer = await strata.orders.started('stage-0-1');
  await strata.startWorker();
  const killedAt = performance.now();
  await doomed.kill();
  await eventually('the trainer is gone', async () => !(await processExists(trainer)), 2_000);
  await strata.orders.started('stage-0-1', 2);
  t.diagnostic(`taken over after ${((performance.now() - killedAt) / 1000).toFixed(1)} s`);
  await strata.orders.release('stage-0-1');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  assert.ok((await repeatedTasks(strata, id)).includes('stage-0-1'));
  const retried = await strata.event(id, 'task.retried');
  assert.equal((retried.data.error as { code: string }).code, 'worker_lost');
  await assertEffectsOnce(strata, id);
});

/** Everything that the tables hold of a job, the worker rows aside. */
async function tablesOf(jobId: string): Promise<unknown> {
  const tables = ['task', 'event', 'log_line', 'metric_point', 'artifact'];
  return Promise.all(
    tables.map(async (table) => {
      const text = `SELECT * FROM ${table} WHERE job_id = $1 ORDER BY 1, 2, 3, 4`;
      const { rows } = await strata.sql.query(text, [jobId]);
      // The dispatcher clears it in its own time, when it has deleted the task's spool.
      return rows.map(({ has_spool: _, ...row }) => row);
    }),
  );
}

test('a worker that was frozen past its lease changes nothing when it comes back', async (t) => {
  await strata.startDispatcher();
  const frozen = await strata.startWorker();
  await strata.orders.hold('stage-0-1');
  const id = await create();
  await strata.orders.started('stage-0-1');
  const other = await strata.startWorker();
  const stoppedAt = performance.now();
  process.kill(frozen.pid, 'SIGSTOP');
  await strata.orders.started('stage-0-1', 2);
  t.diagnostic(`taken over after ${((performance.now() - stoppedAt) / 1000).toFixed(1)} s`);
  // Now both trainers report a success; the first one's lies in the pipe of a worker that does not read.
  await strata.orders.release('stage-0-1');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  await assertEffectsOnce(strata, id);
  const earlier = await tablesOf(id);
  await other.stop();
  process.kill(frozen.pid, 'SIGCONT');
  // It reads what was in its pipe before it can run all of another job.
  const next = await create();
  assert.equal((await strata.ended(next)).state, 'succeeded');
  assert.deepEqual(await tablesOf(id), earlier);
});

test('kill -9 of a trainer: the task is tried again in a new one', async (t) => {
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
  await strata.orders.hold('stage-0-1');
  const id = await create();
  const trainer = await strata.orders.started('stage-0-1');
  const killedAt = performance.now();
  process.kill(trainer, 'SIGKILL');
  const second = await strata.orders.started('stage-0-1', 2);
  t.diagnostic(`taken over after ${((performance.now() - killedAt) / 1000).toFixed(1)} s`);
  assert.notEqual(second, trainer);
  await strata.orders.release('stage-0-1');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  assert.deepEqual(await repeatedTasks(strata, id), ['stage-0-1']);
  const retried = await strata.event(id, 'task.retried');
  assert.equal((retried.data.error as { code: string }).code, 'trainer_crashed');
  await assertEffectsOnce(strata, id);
});

test('FLUSHALL of Redis in mid-job: running tasks go on, waiting ones are put back', async () => {
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
  await strata.orders.hold('stage-0-1');
  const id = await create();
  await strata.orders.started('stage-0-1');
  await flushRedis();
  await strata.orders.release('stage-0-1');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  assert.deepEqual(await repeatedTasks(strata, id), []);
  await assertEffectsOnce(strata, id);
});

test('FLUSHALL of Redis before any worker came: the queued task is put back', async () => {
  await strata.startDispatcher();
  const id = await create();
  const redis = new Redis(strata.servers.redisUrl);
  await eventually('the task is on the queue', async () => (await redis.dbsize()) > 0);
  redis.disconnect();
  await flushRedis();
  await strata.startWorker();
  assert.equal((await strata.ended(id)).state, 'succeeded');
  await assertEffectsOnce(strata, id);
});

test('kill -9 of Postgres, and Redis stopped, in mid-job: ends of running tasks are recorded when they are back', async () => {
  await Promise.all([strata.startDispatcher(), strata.startWorker()]);
  await strata.orders.hold('stage-0-1');
  const id = await create();
  await strata.orders.started('stage-0-1');
  const { home } = strata.servers;
  process.kill((await startPostgres(home)).pid, 'SIGKILL');
  await stopRedis(home);
  await Promise.all([startPostgres(home), startRedis(home)]);
  await strata.orders.release('stage-0-1');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  await assertEffectsOnce(strata, id);
});

test('two dispatchers at once and one of them killed: every task runs once', async () => {
  const [doomed] = await Promise.all([
    strata.startDispatcher(),
    strata.startDispatcher(),
    strata.startWorker(),
  ]);
  const ids = await Promise.all(Array.from({ length: 4 }, create));
  await doomed.kill();
  for (const id of ids) {
    assert.equal((await strata.ended(id)).state, 'succeeded');
    assert.deepEqual(await repeatedTasks(strata, id), []);
    await assertEffectsOnce(strata, id);
  }
});

test('a trainer that hangs is killed and its task tried again', async () => {
  await Promise.all([strata.startDispatcher(), strata.startWorker({ STRATA_NO_PROGRESS_S: '4' })]);
  await strata.orders.hold('stage-1-0');
  const id = await create();
  const trainer = await strata.orders.started('stage-1-0');
  await eventually('the hanging trainer is gone', async () => !(await processExists(trainer)));
  await strata.orders.release('stage-1-0');
  assert.equal((await strata.ended(id)).state, 'succeeded');
  const retried = await strata.event(id, 'task.retried');
  assert.equal((retried.data.error as { code: string }).code, 'trainer_stalled');
  await assertEffectsOnce(strata, id);
});

test('a worker that is asked to stop hands its tasks back at a checkpoint and leaves', async () => {
  await strata.startDispatcher();
  const leaving = await strata.startWorker();
  await strata.orders.hold('stage-0-1');
  const id = await create();
  const trainer = await strata.orders.started('stage-0-1');
  assert.equal(await leaving.stop(), 0);
  assert.equal(await processExists(trainer), false);
  assert.deepEqual((await strata.service.listWorkers(DEFAULT_TENANT)).data, []);
  await strata.orders.release('stage-0-1');
  await strata.startWorker();
  assert.equal((await strata.ended(id)).state, 'succeeded');
  assert.match(await strata.orders.from('stage-0-1', 2), /^sha256:/);
  const { rows } = await strata.sql.query('SELECT sum(failures)::int AS failures FROM task');
  assert.deepEqual(rows, [{ failures: 0 }]);
  await assertEffectsOnce(strata, id);
});

test('kill -9 of the dispatcher at every rung of a sweep: the published algorithm decides, and no trial runs twice', async () => {
  const search = { trials: 5, seed: 3, divisor: 2, rungs: 2, parallel: 2 };
  const sweep = await SweepByHand.create(strata, search);
  let dispatcher = await strata.startDispatcher();
  await sweep.started(search.parallel);
  for (let time = 0; ; time++) {
    const trial = sweep.next(search.seed, time);
    if (trial === undefined) break;
    await sweep.arrive(trial);
    // In turns before the decision, in the midst of it, or just after it.
    if (time % 2 === 0) await sweep.decided(trial);
    await dispatcher.kill();
    dispatcher = await strata.startDispatcher();
    await sweep.decided(trial);
  }
  assert.deepEqual(sweep.steps, reference(search));
  const ended = await eventually('the sweep is over', async () => {
    const now = await strata.client.sweeps.getSweep(sweep.id);
    return now?.finished_at != null && now;
  });
  assert.deepEqual([ended.state, ended.ended], ['succeeded', 'completed']);
  const { rows } = await strata.sql.query(
    `SELECT count(*)::int AS jobs, count(DISTINCT sweep_trial.job_id)::int AS trials
     FROM job LEFT JOIN sweep_trial ON sweep_trial.job_id = job.id`,
  );
  assert.deepEqual(rows, [{ jobs: search.trials, trials: search.trials }]);
});
