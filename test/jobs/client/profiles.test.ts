import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { NetworkProfile } from '../../../src/contract/network-profile.js';
import { claimNext } from '../../../src/jobs/lifecycle/claim.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import {
  failProfile,
  recordProfile,
  releaseProfile,
  tidyProfiles,
} from '../../../src/jobs/store/profiles.js';
import { deleteWorker, reportWorker } from '../../../src/jobs/store/workers.js';
import type { Strata } from '../../support/strata.js';
import { type SpecChanges, smallJob } from '../support/specs.js';
import { useStore } from '../support/store.js';

// No worker: the claims are the tests' own.
let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));

beforeEach(() => strata.sql.query('DELETE FROM profile'));

const RESULT: NetworkProfile = {
  batch: 32,
  stem: { forward: 0.001, backward: 0.001 },
  blocks: Array.from({ length: 9 }, () => ({ forward: 0.01, backward: 0.02 })),
  head: { forward: 0.001, backward: 0.001 },
  auxiliaries: [{ boundary: 4, work: 1e9, forward: 0.001, backward: 0.002 }],
  heads: [{ boundary: 4, work: 1e9, forward: 0.001, backward: 0.002 }],
  ...{ coupling: 1e-9, send: 1e-9, receive: 1e-9, parameters: 1000, update: 1e-9 },
};

const ask = (tenant: string, changes: SpecChanges = {}, device: 'cpu' | 'gpu' | null = 'cpu') =>
  strata.service.forTenant(tenant).plans.createProfile({ job: smallJob(changes), device });
const get = (tenant: string, id: string) => strata.service.forTenant(tenant).plans.getProfile(id);
const claimer = { workerId: 'worker_1', device: 'cpu:1', bfloat16: false };
const claim = async () => {
  const claimed = await claimNext(db, claimer);
  assert.ok(claimed?.kind === 'profile');
  return claimed.profile;
};

test('one profile serves all jobs of a network, device kind and tenant', async () => {
  const first = await ask('a');
  assert.deepEqual([first.state, first.step_seconds, first.parts], ['queued', null, []]);
  const cut = await ask('a', { method: { type: 'penalty', stages: 3 }, epochs: 7 });
  assert.equal(cut.id, first.id);
  for (const other of [
    ask('b'),
    ask('a', {}, 'gpu'),
    ask('a', { batch_size: 16 }),
    ask('a', { model: { depth: 14 } }),
  ])
    assert.notEqual((await other).id, first.id);
  const secret = { type: 'mlflow' as const, tracking_uri: 'https://m', experiment: 'e', authorization: 'no' };
  const tracked = await ask('a', { batch_size: 8, trackers: [secret] });
  const { rows } = await strata.sql.query('SELECT spec FROM profile WHERE id = $1', [tracked.id]);
  assert.deepEqual(rows[0].spec.trackers, []);
});

test('a job that could not be created is refused, with pointers into the request', async () => {
  const trackers = [{ type: 'mlflow' as const, tracking_uri: 'http://10.0.0.1', experiment: 'e' }];
  for (const [changes, pointer] of [
    [{ method: { stages: 10 } }, '/job/method/stages'],
    [{ trackers }, '/job/trackers/0/tracking_uri'],
  ] as const) {
    await assert.rejects(ask('a', changes), (error: { errors: { pointer: string }[] }) => {
      assert.equal(error.errors[0]?.pointer, pointer);
      return true;
    });
  }
});

/** Asks as the heartbeat of a worker with such a device does. */
async function isProfileWanted(kind: 'cpu' | 'gpu'): Promise<boolean> {
  const device = { kind, name: 'none', slots: 1, bfloat16: true, prefers_bfloat16: false };
  const row = {
    host: 'here',
    pid: 1,
    devices: [device],
    slots: [],
    versions: {},
    streamAddress: null,
    link: null,
  };
  const { profiles } = await reportWorker(db, { id: `worker_${kind}`, ...row });
  await deleteWorker(db, `worker_${kind}`);
  return profiles;
}

test('plans use a measured profile until it is old', async () => {
  const { id } = await ask('a');
  assert.deepEqual([await isProfileWanted('gpu'), await isProfileWanted('cpu')], [false, true]);
  const claimed = await claim();
  assert.deepEqual([claimed.id, claimed.attempt, (await get('a', id))?.state], [id, 1, 'running']);
  assert.equal(await claimNext(db, claimer), null);
  await recordProfile(db, { id, attempt: 7 }, RESULT);
  assert.equal((await get('a', id))?.state, 'running', 'a stale attempt changes nothing');
  await recordProfile(db, claimed, RESULT);
  const made = await get('a', id);
  assert.deepEqual([made?.state, made?.device, made?.step_seconds], ['succeeded', 'cpu:1', 0.274]);
  assert.deepEqual(made?.parts[1], { name: 'block 0', forward_seconds: 0.01, backward_seconds: 0.02 });
  const plan = async (tenant: string) =>
    strata.service.forTenant(tenant).plans.createPlan({
      job: smallJob({ method: { stages: 2, split: [1, 8] } }),
      ...{
        devices: null,
        device_memory_bytes: null,
        link_bytes_per_second: 125e6,
        link_round_trip_seconds: 0,
      },
    });
  const planned = await plan('a');
  assert.deepEqual([planned.source, planned.profile?.id, planned.measured_on], ['measured', id, null]);
  assert.deepEqual(planned.better_split?.split, [5, 4]);
  assert.ok(planned.stages[1]!.step_seconds > 0.24, `${planned.stages[1]!.step_seconds}`);
  assert.equal((await plan('b')).source, 'estimated');
  assert.equal((await ask('a')).id, id);
  await strata.sql.query(`UPDATE profile SET finished_at = now() - interval '8 days'`);
  assert.notEqual((await ask('a')).id, id);
});

test('a failed profile has a reason, and is measured again on the next request', async () => {
  const { id } = await ask('a');
  const error = { code: 'out_of_memory', message: 'too large' };
  await failProfile(db, await claim(), error);
  assert.deepEqual([(await get('a', id))?.state, (await get('a', id))?.error], ['failed', error]);
  const again = await ask('a');
  assert.deepEqual([again.state, again.id === id], ['queued', false]);
});

const lapse = () => strata.sql.query(`UPDATE profile SET lease_until = now() - interval '1 second'`);

test('a profile that workers hand back is taken by another, however often that happens', async () => {
  const { id } = await ask('a');
  for (let restart = 0; restart < 5; restart++) await releaseProfile(db, await claim());
  await tidyProfiles(db);
  assert.equal((await get('a', id))?.state, 'queued');
  assert.equal((await claim()).losses, 0);
});

test('a profile whose worker is lost goes to another worker, and shows how often it was lost', async () => {
  await ask('a');
  await claim();
  assert.equal(await isProfileWanted('cpu'), false, 'its lease has not ended');
  for (let loss = 1; loss <= 3; loss++) {
    await lapse();
    assert.equal((await claim()).losses, loss);
  }
});

test('a profile for a device that no worker has fails after a day, with a reason', async () => {
  const { id } = await ask('a', {}, 'gpu');
  assert.equal(await claimNext(db, claimer), null);
  await strata.sql.query(`UPDATE profile SET created_at = now() - interval '23 hours'`);
  await tidyProfiles(db);
  assert.equal((await get('a', id))?.state, 'queued');
  await strata.sql.query(`UPDATE profile SET created_at = now() - interval '25 hours'`);
  await tidyProfiles(db);
  const failed = await get('a', id);
  assert.deepEqual([failed?.state, failed?.error?.code], ['failed', 'no_device']);
});

test('a profile can be deleted in every state; the worker that measures it then records nothing', async () => {
  const { id } = await ask('a');
  const claimed = await claim();
  await assert.rejects(strata.service.forTenant('b').plans.deleteProfile(id), { code: 'not_found' });
  await strata.service.forTenant('a').plans.deleteProfile(id);
  assert.equal(await get('a', id), null);
  assert.equal(await recordProfile(db, claimed, RESULT), false);
  await assert.rejects(strata.service.forTenant('a').plans.deleteProfile(id), { code: 'not_found' });
});
