import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { eventually } from '../../support/eventually.js';
import type { ServiceProcess } from '../../support/process.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

// One slot, so that a profile has to find its place among a job's tasks.
let strata: Strata;
let worker: ServiceProcess;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  await strata.startDispatcher();
});
after(() => strata.stop());
beforeEach(async () => {
  await strata.sql.query('DELETE FROM profile');
  await strata.orders.clear();
  worker = await strata.startWorker();
});
afterEach(() => worker.stop());

const ask = () => strata.client.plans.createProfile({ job: smallJob(), device: 'cpu' });
const settled = (id: string) =>
  eventually('the profile has ended', async () => {
    const profile = await strata.client.plans.getProfile(id);
    return profile && profile.state !== 'queued' && profile.state !== 'running' && profile;
  });

test('an idle slot makes a profile at once', async () => {
  const profile = await settled((await ask()).id);
  assert.deepEqual([profile.state, profile.device, profile.error], ['succeeded', 'cpu:0', null]);
  assert.equal(profile.step_seconds, 0.022);
});

test('a worker that starts while a profile waits makes it', async () => {
  await worker.stop();
  const { id } = await ask();
  worker = await strata.startWorker();
  assert.equal((await settled(id)).state, 'succeeded');
});

test('a busy slot makes a profile between two tasks, and continues with the job', async () => {
  await strata.orders.hold('stage-1-0');
  await strata.orders.hold('profile');
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await strata.orders.started('stage-1-0');
  const { id } = await ask();
  await strata.orders.release('stage-1-0');
  await strata.orders.started('profile');
  const running = (await strata.client.jobs.listJobTasks(job.id)).data.filter(
    ({ state }) => state === 'running',
  );
  assert.deepEqual(running, []);
  await strata.orders.release('profile');
  assert.equal((await settled(id)).state, 'succeeded');
  assert.equal((await strata.ended(job.id)).state, 'succeeded');
});

test('a failed profile has the reason of its trainer, or the end of a trainer that died', async () => {
  await strata.orders.fail('profile', 'out_of_memory');
  const failed = await settled((await ask()).id);
  assert.deepEqual([failed.state, failed.error?.code], ['failed', 'out_of_memory']);
  await strata.orders.die('profile', 'last words');
  const died = await settled((await ask()).id);
  assert.deepEqual([died.state, died.error?.code], ['failed', 'trainer_crashed']);
  assert.equal((await settled((await ask()).id)).state, 'succeeded');
});

test('a worker that leaves gives its profile back', async () => {
  await strata.orders.hold('profile');
  const { id } = await ask();
  await strata.orders.started('profile');
  await worker.stop();
  assert.equal((await strata.client.plans.getProfile(id))?.state, 'queued');
  await strata.orders.release('profile');
  worker = await strata.startWorker();
  assert.equal((await settled(id)).state, 'succeeded');
});
