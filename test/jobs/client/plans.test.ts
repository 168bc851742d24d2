import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

let strata: Strata;
before(async () => {
  strata = await Strata.start();
});
after(() => strata.stop());

const planFor = (tenant: string, changes = {}) =>
  strata.service.forTenant(tenant).plans.createPlan({
    job: smallJob(changes),
    devices: null,
    device_memory_bytes: null,
    link_bytes_per_second: 125_000_000,
    link_round_trip_seconds: 0,
  });

test('costs are measured where tasks of the tenant trained the same network, else estimated', async () => {
  const before = await planFor('a');
  assert.deepEqual([before.source, before.measured_on], ['estimated', null]);
  const { job } = await strata.service.forTenant('a').jobs.createJob(smallJob(), {});
  await strata.sql.query(
    `INSERT INTO task (id, job_id, tenant, key, position, kind, stage, state, waiting, inputs, weight, device, finished_at, seconds)
    SELECT 'task_' || stage, $1, 'a', 'stage-' || stage, stage, 'stage', stage, 'succeeded', 0, '{}', 5, 'cpu:0', now(),
      '{"forward": 1, "backward": 2, "optimizer": 0.1, "data": 0.01, "coupling": 0.2}'
    FROM generate_series(0, 1) stage`,
    [job.id],
  );
  const measured = await planFor('a');
  assert.deepEqual(measured.measured_on, { device: 'cpu:0', tasks: 2, steps: 20 });
  const serial = measured.layouts.find(({ stages, replicas }) => stages * replicas === 1);
  // 10 steps of both stages took 6.22 s without the coupling, of which the AuxNet's tenth or less is not the network's.
  const seconds = serial?.step_seconds ?? 0;
  assert.ok(seconds > 0.9 * 0.622 && seconds < 0.622, `${seconds}`);
  for (const other of [
    planFor('b'),
    planFor('a', { batch_size: 64 }),
    planFor('a', { model: { depth: 14 } }),
  ])
    assert.equal((await other).source, 'estimated');
});

test('a job that cannot be planned is refused, with pointers into the request', async () => {
  const trackers = [{ type: 'mlflow', tracking_uri: 'http://10.0.0.1', experiment: 'strata' }];
  for (const [changes, pointer] of [
    [{ method: { stages: 10 } }, '/job/method/stages'],
    [{ trackers }, '/job/trackers/0/tracking_uri'],
  ] as const) {
    await assert.rejects(planFor('a', changes), (error: { errors: { pointer: string }[] }) => {
      assert.equal(error.errors[0]?.pointer, pointer);
      return true;
    });
  }
});

test('devices of a plan are those that workers have registered', async () => {
  const slots = JSON.stringify(Array.from({ length: 6 }, () => ({ state: 'idle', task_id: null })));
  await strata.sql.query(
    `INSERT INTO worker (id, host, pid, devices, slots, versions) VALUES ('worker_1', 'here', 1, '[]', $1, '{}')`,
    [slots],
  );
  const { layouts } = await planFor('a');
  assert.equal(Math.max(...layouts.map(({ stages, replicas }) => stages * replicas)), 6);
});
