import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TenantClient } from '../../../src/contract/client/tenant.js';
import { StrataError } from '../../../src/contract/errors.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

// No dispatcher and no worker: what is asked here is answered by the tables alone.
let strata: Strata;
let ours: TenantClient;
let theirs: TenantClient;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER });
  ours = strata.service.forTenant('ours');
  theirs = strata.service.forTenant('theirs');
});
after(() => strata.stop());

const notFound = (error: unknown) => error instanceof StrataError && error.code === 'not_found';

test('lists hold only what belongs to the tenant', async () => {
  const { job } = await ours.jobs.createJob(smallJob(), {});
  const ids = async (client: TenantClient) =>
    (await client.jobs.listJobs({ limit: 9 })).data.map(({ id }) => id);
  assert.deepEqual([await ids(ours), await ids(theirs)], [[job.id], []]);
});

test('another tenant’s job counts as unknown, and stays unchanged', async () => {
  const { job } = await ours.jobs.createJob(smallJob(), {});
  const { id } = job;
  assert.equal(await theirs.jobs.getJob(id), null);
  await assert.rejects(theirs.jobs.cancelJob(id, { force: true }), notFound);
  await assert.rejects(theirs.jobs.listJobTasks(id), notFound);
  await assert.rejects(theirs.jobs.listJobEvents(id, { after: 0, limit: 1 }), notFound);
  await assert.rejects(theirs.jobs.listJobMetrics(id, { points: 10 }), notFound);
  await assert.rejects(theirs.jobs.listJobArtifacts(id), notFound);
  const follow = theirs.jobs.followJobEvents(id, 0, new AbortController().signal)[Symbol.asyncIterator]();
  await assert.rejects(follow.next(), notFound);
  assert.equal((await ours.jobs.getJob(id))?.state, 'queued');
});

test('another tenant’s artifact counts as unknown', async () => {
  const { job } = await ours.jobs.createJob(smallJob(), {});
  await strata.sql.query(
    `INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256)
     VALUES ('artifact_1', $1, 'report.json', 'report', 'application/json', 1, 'none')`,
    [job.id],
  );
  assert.equal((await ours.jobs.getArtifact('artifact_1'))?.job_id, job.id);
  assert.equal(await theirs.jobs.getArtifact('artifact_1'), null);
  await assert.rejects(theirs.jobs.downloadArtifact('artifact_1'), notFound);
});

test('a profile belongs to one tenant', async () => {
  const request = { job: smallJob(), device: null };
  const { id } = await ours.plans.createProfile(request);
  assert.equal((await ours.plans.getProfile(id))?.id, id);
  assert.equal(await theirs.plans.getProfile(id), null);
  assert.notEqual((await theirs.plans.createProfile(request)).id, id);
});

test('an Idempotency-Key belongs to one tenant', async () => {
  const options = { idempotencyKey: 'same', bodyHash: 'a' };
  const first = await ours.jobs.createJob(smallJob(), options);
  const second = await theirs.jobs.createJob(smallJob(), { ...options, bodyHash: 'b' });
  assert.deepEqual([first.replayed, second.replayed], [false, false]);
  assert.equal((await ours.jobs.createJob(smallJob(), options)).job.id, first.job.id);
});

test('workers are shown to every tenant, the tasks they run only to their own', async () => {
  const { job } = await ours.jobs.createJob(smallJob(), {});
  await strata.sql.query(
    `INSERT INTO task (id, job_id, key, position, kind, state, waiting, inputs, weight)
     VALUES ('task_1', $1, 'prepare', 0, 'prepare', 'running', 0, '{}', 1)`,
    [job.id],
  );
  await strata.sql.query(
    `INSERT INTO worker (id, host, pid, devices, slots, versions)
     VALUES ('worker_1', 'h', 1, '[]', '[{"state":"busy","task_id":"task_1"}]', '{}')`,
  );
  const tasks = async (tenant: string) =>
    (await strata.service.listWorkers(tenant)).data.flatMap(({ slots }) =>
      slots.map(({ task_id }) => task_id),
    );
  assert.deepEqual([await tasks('ours'), await tasks('theirs')], [['task_1'], [null]]);
});
