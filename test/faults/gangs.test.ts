import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { smallJob } from '../jobs/support/specs.js';
import { assertEffectsOnce, repeatedTasks } from '../support/effects.js';
import { eventually, processExists } from '../support/eventually.js';
import type { ServiceProcess } from '../support/process.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

// docs/adr/0025: a gang is one task on two slots, here with trainers that are connected as the real ones are.

let strata: Strata;
let worker: ServiceProcess;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
  [worker] = await Promise.all([strata.startWorker(), strata.startDispatcher()]);
});
after(() => strata.stop());
beforeEach(() => strata.orders.clear());

const MEMBERS = ['stage-1-m0', 'stage-1-m1'] as const;
const PIPELINE = smallJob({ method: { type: 'pipeline', stages: 2 } });

/** A pipeline whose second round is held in both trainers. @returns their pids */
async function heldGang(): Promise<{ id: string; pids: readonly number[] }> {
  for (const member of MEMBERS) await strata.orders.hold(member);
  const { id } = (await strata.client.jobs.createJob(PIPELINE, {})).job;
  return { id, pids: await Promise.all(MEMBERS.map((member) => strata.orders.started(member))) };
}

async function releaseAll(): Promise<void> {
  for (const member of MEMBERS) await strata.orders.release(member);
}

async function assertEnded(id: string): Promise<void> {
  const job = await strata.ended(id);
  assert.equal(job.state, 'succeeded', JSON.stringify(job.error));
  assert.deepEqual(await repeatedTasks(strata, id), ['stage-1']);
  await assertEffectsOnce(strata, id);
}

const gone = (pids: readonly number[]) =>
  eventually('the trainers are gone', async () => {
    const left = await Promise.all(pids.map(processExists));
    return !left.includes(true);
  });

for (const [index, member] of MEMBERS.entries()) {
  test(`kill -9 of trainer ${index} of a gang: the attempt ends as crashed, and the gang runs again`, async () => {
    const { id, pids } = await heldGang();
    process.kill(pids[index]!, 'SIGKILL');
    await Promise.all(MEMBERS.map((each) => strata.orders.started(each, 2)));
    await releaseAll();
    await assertEnded(id);
    const { data } = await strata.event(id, 'task.retried');
    assert.equal((data.error as { code: string }).code, 'trainer_crashed', member);
  });
}

for (const member of MEMBERS) {
  test(`a cut stream of ${member} ends the attempt at once, within its lease, and the gang runs again`, async () => {
    const { id } = await heldGang();
    await strata.orders.cut(member);
    await Promise.all(MEMBERS.map((each) => strata.orders.started(each, 2)));
    await releaseAll();
    await assertEnded(id);
    const { data } = await strata.event(id, 'task.retried');
    // A lease that ran out would be `worker_lost`.
    assert.equal((data.error as { code: string }).code, 'stream_lost');
  });
}

test('a paused gang makes one checkpoint and frees both slots, and goes on from it when the job is resumed', async () => {
  const { id } = await heldGang();
  await strata.client.jobs.pauseJob(id);
  await strata.event(id, 'job.paused');
  const { rows } = await strata.sql.query(`SELECT count(*)::int AS count FROM checkpoint`);
  assert.deepEqual(rows, [{ count: 1 }]);
  await releaseAll();
  await strata.client.jobs.resumeJob(id);
  await assertEnded(id);
  for (const member of MEMBERS) assert.match(await strata.orders.from(member, 2), /^sha256:/);
});

for (const force of [true, false]) {
  test(`a gang is ${force ? 'killed' : 'stopped at a checkpoint'} by a cancel`, async () => {
    const { id, pids } = await heldGang();
    await strata.client.jobs.cancelJob(id, { force });
    await strata.event(id, 'job.cancelled');
    if (force) await gone(pids);
    const { rows } = await strata.sql.query(
      `SELECT count(*)::int AS count FROM task WHERE state = 'running'`,
    );
    assert.deepEqual(rows, [{ count: 0 }]);
  });
}

test('a gang of a job that has run for max_runtime_s ends', async () => {
  const { id } = await heldGang();
  await strata.sql.query(`UPDATE job SET spec = jsonb_set(spec, '{max_runtime_s}', '1') WHERE id = $1`, [id]);
  const job = await strata.ended(id);
  assert.equal(job.state, 'failed');
  assert.equal(job.error?.code, 'max_runtime_exceeded');
});

test('a worker that is asked to stop hands a gang back at a checkpoint', async () => {
  const { id, pids } = await heldGang();
  assert.equal(await worker.stop(), 0);
  await gone(pids);
  await releaseAll();
  worker = await strata.startWorker();
  await assertEnded(id);
  for (const member of MEMBERS) assert.match(await strata.orders.from(member, 2), /^sha256:/);
  const { rows } = await strata.sql.query(
    'SELECT sum(failures)::int AS failures FROM task WHERE job_id = $1',
    [id],
  );
  assert.deepEqual(rows, [{ failures: 0 }]);
});

test('two gangs on slots for one: the second one waits for the first, and both end', async () => {
  const first = await heldGang();
  const second = (await strata.client.jobs.createJob(PIPELINE, {})).job.id;
  await strata.event(second, 'job.queued');
  await releaseAll();
  for (const id of [first.id, second]) {
    assert.equal((await strata.ended(id)).state, 'succeeded');
    assert.deepEqual(await repeatedTasks(strata, id), []);
    await assertEffectsOnce(strata, id);
  }
});

/** Few tasks of every kind of method: stages apart, joined, in a gang. */
const SHORT = (['pipeline', 'augmented-lagrangian', 'backprop', 'local-heads', 'penalty'] as const).map(
  (type) =>
    smallJob({
      epochs: 1,
      max_train_samples: 64,
      method: { type, stages: type === 'backprop' ? 1 : 2, round_steps: 2, end_to_end_share: 0 },
    }),
);
const TENANTS = ['default', 'other'] as const;
const EACH = 25;

test('fifty jobs of all kinds of two tenants on two slots: all end, no task runs twice, and both tenants get their turns', async () => {
  await worker.stop();
  // All of one tenant's are there before the first of the other's, and all before there is a worker.
  for (const tenant of TENANTS) {
    const { jobs } = strata.service.forTenant(tenant);
    await Promise.all(
      Array.from({ length: EACH }, (_, index) => jobs.createJob(SHORT[index % SHORT.length]!, {})),
    );
  }
  const { rows: created } = await strata.sql.query<{ id: string; tenant: 'default' | 'other' }>(
    'SELECT id, tenant FROM job WHERE finished_at IS NULL ORDER BY id',
  );
  assert.equal(created.length, TENANTS.length * EACH);
  worker = await strata.startWorker();
  for (const { id, tenant } of created) {
    const { jobs } = strata.service.forTenant(tenant);
    for await (const _ of jobs.followJobEvents(id, 0, new AbortController().signal));
  }
  const { rows: ended } = await strata.sql.query<{ tenant: string; state: string; again: number }>(
    `SELECT job.tenant, job.state, (SELECT count(*)::int FROM task WHERE job_id = job.id AND attempt > 1) AS again
     FROM job WHERE id = ANY ($1) ORDER BY finished_at`,
    [created.map(({ id }) => id)],
  );
  assert.deepEqual(
    ended.filter(({ state, again }) => state !== 'succeeded' || again > 0),
    [],
  );
  const early = ended.slice(0, EACH).filter(({ tenant }) => tenant === 'other').length;
  assert.ok(early >= EACH / 4 && early <= (3 * EACH) / 4, `${early} of the first ${EACH} to end`);
});
