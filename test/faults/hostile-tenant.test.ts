import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DatasetRequest } from '../../src/contract/client/datasets.js';
import type { TenantClient } from '../../src/contract/client/tenant.js';
import { IMPORT_DEFAULTS } from '../../src/contract/importer-protocol.js';
import { makeNpy, makeNpz, rawImages } from '../datasets/support/arrays.js';
import { Receiver } from '../jobs/dispatcher/webhooks/receiver.js';
import { smallJob } from '../jobs/support/specs.js';
import { checkJob, smallSweep } from '../jobs/support/sweeps.js';
import { eventually } from '../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

/** Work of the hostile tenant that may begin after the good one has asked: what is being claimed, and one turn. */
const MAX_BEFORE = 2;
/** Deliveries of one tenant that are under way at once. */
const DELIVERIES_PER_TENANT = 8;
const SERVED_MS = 120_000;

let strata: Strata;
let hostile: TenantClient;
let good: TenantClient;
let slow: Receiver;
let quick: Receiver;

// A worker with one slot and one place for imports, all of which the hostile tenant has filled: by 20 jobs of the highest
// priority, 20 profiles, 10 uploads, and 20 webhooks with 5 messages each whose receiver does not answer.
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1, outgoingAllow: ['127.0.0.1'] });
  hostile = strata.service.forTenant('hostile');
  good = strata.service.forTenant('good');
  [slow, quick] = await Promise.all([Receiver.start(), Receiver.start()]);
  slow.answers.push(...Array.from({ length: 100 }, () => () => undefined));
  for (let index = 0; index < 20; index++) {
    await hostile.jobs.createJob(smallJob({ priority: 100 }), {});
    await hostile.plans.createProfile({ job: smallJob({ batch_size: 8 + index }), device: 'cpu' });
    await sendMessages(hostile, slow);
  }
  // Sixty trials at once.
  for (let index = 0; index < 3; index++) {
    const limits = { trials: 20, parallel_trials: 20 };
    await hostile.sweeps.createSweep(smallSweep({ limits }), { checkJob, dryRun: false });
  }
  for (let index = 0; index < 10; index++) await upload(hostile, `data-${index}`);
  // They wait for the test of uploads, however quickly this machine imports.
  await strata.sql.query("UPDATE dataset_import SET due_at = 'infinity' WHERE tenant = 'hostile'");
  await strata.startDispatcher({ STRATA_OUTGOING_ALLOW: '127.0.0.1' });
  await strata.startWorker({ FAKE_TRAINER_MS: '50' });
  await eventually(
    'a job of the hostile tenant runs',
    () => count('task WHERE started_at IS NOT NULL'),
    SERVED_MS,
  );
  await eventually(
    'its webhooks hold their places',
    () => slow.received.length >= DELIVERIES_PER_TENANT,
    SERVED_MS,
  );
});
after(async () => {
  await strata.stop();
  await Promise.all([slow.stop(), quick.stop()]);
});

async function count(rows: string): Promise<number | false> {
  const { rows: found } = await strata.sql.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${rows}`);
  return found[0]?.n || false;
}

async function upload(tenant: TenantClient, name: string): Promise<string> {
  const images = makeNpy('|u1', [20, 4, 4], rawImages(20, 16, name.length));
  const labels = makeNpy(
    '|u1',
    [20],
    Uint8Array.from({ length: 20 }, (_, index) => index % 2),
  );
  const request: DatasetRequest = {
    ...{
      name,
      sha256: null,
      ...IMPORT_DEFAULTS,
    },
  };
  const received = await tenant.datasets.receiveUpload(
    (async function* () {
      yield makeNpz({ x_train: images, y_train: labels });
    })(),
  );
  return (await tenant.datasets.createDataset(request, received)).id;
}

async function sendMessages(tenant: TenantClient, { url }: Receiver): Promise<void> {
  const { id } = await tenant.webhooks.createWebhook({ url, events: ['job.succeeded'] });
  for (let message = 0; message < 5; message++) await tenant.webhooks.testWebhook(id);
}

test("a tenant's first job begins after at most two tasks or profiles of a hostile one", async () => {
  const { job } = await good.jobs.createJob(smallJob({ priority: -100 }), {});
  await beginsSoon(job.id);
  assert.ok(
    await count("job WHERE tenant = 'hostile' AND state = 'queued'"),
    'the hostile tenant still waits',
  );
});

test("a tenant's first trial begins after at most two tasks or profiles of a hostile one with sweeps of its own", async () => {
  const { id } = await good.sweeps.createSweep(smallSweep({ limits: { trials: 2 } }), {
    checkJob,
    dryRun: false,
  });
  const jobId = await eventually(
    'its first trial has a job',
    async () => (await good.sweeps.listSweepTrials(id)).data[0]?.runs[0]?.job_id ?? null,
    SERVED_MS,
  );
  await beginsSoon(jobId);
  await assert.rejects(hostile.sweeps.pauseSweep(id), { code: 'not_found' });
  await good.sweeps.cancelSweep(id);
});

/** Waits for the first task of a job, and counts what began between the two. */
async function beginsSoon(jobId: string): Promise<void> {
  const begun = async () =>
    (
      await strata.sql.query<{ at: Date | null }>(
        'SELECT min(started_at) AS at FROM task WHERE job_id = $1',
        [jobId],
      )
    ).rows[0]?.at ?? null;
  await eventually('its first task has begun', begun, SERVED_MS);
  const { rows } = await strata.sql.query<{ before: number }>(
    `WITH mine AS (SELECT created_at, (SELECT min(started_at) FROM task WHERE job_id = job.id) AS begun FROM job WHERE id = $1)
    SELECT count(*)::int AS before FROM mine, (
      SELECT started_at FROM task WHERE tenant = 'hostile' UNION ALL SELECT started_at FROM profile WHERE tenant = 'hostile'
    ) AS other WHERE other.started_at > mine.created_at AND other.started_at < mine.begun`,
    [jobId],
  );
  const [{ before = Number.NaN } = {}] = rows;
  assert.ok(before <= MAX_BEFORE, `${before} of the hostile tenant's began before it`);
}

test("a tenant's first upload is imported after at most two of a hostile one", async () => {
  const ended = async () => (await count("dataset WHERE tenant = 'hostile' AND state <> 'validating'")) || 0;
  await good.webhooks.createWebhook({
    url: 'https://localhost/',
    events: ['dataset.ready', 'dataset.failed'],
  });
  // None of the hostile tenant's imports ends before the good one has asked: their rows are locked until then.
  const lock = await strata.sql.connect();
  const id = await askedMeanwhile().finally(async () => {
    await lock.query('COMMIT');
    lock.release();
  });
  async function askedMeanwhile(): Promise<string> {
    await lock.query("BEGIN; SELECT FROM dataset WHERE tenant = 'hostile' FOR UPDATE");
    await strata.sql.query("UPDATE dataset_import SET due_at = now() WHERE tenant = 'hostile'");
    await eventually(
      'an upload of the hostile tenant is imported',
      () => count('dataset_import WHERE lease_until IS NOT NULL'),
      SERVED_MS,
    );
    const mine = await upload(good, 'mine');
    assert.equal(await ended(), 0);
    return mine;
  }
  await eventually(
    'the upload is imported',
    async () => (await good.datasets.getDataset(id))?.state === 'ready',
    SERVED_MS,
  );
  // One was at work already.
  const between = await ended();
  assert.ok(between <= 1 + MAX_BEFORE, `${between} of the hostile tenant's came before it`);
  assert.ok((await ended()) < 10, 'the hostile tenant still waits');
  const told = async () =>
    (
      await strata.sql.query(
        "SELECT type, message->'data'->'dataset'->>'name' AS name FROM webhook_delivery WHERE tenant = 'good' AND type LIKE 'dataset.%'",
      )
    ).rows;
  assert.deepEqual(
    await told(),
    [{ type: 'dataset.ready', name: 'mine' }],
    'it is told, and of its own alone',
  );
});

test("a tenant's first webhook arrives while the receivers of a hostile one hold their places", async () => {
  const held = await count("webhook_delivery WHERE tenant = 'hostile' AND lease_until IS NOT NULL");
  assert.ok(Number(held) <= DELIVERIES_PER_TENANT, `${held} of the hostile tenant's are under way at once`);
  const sentBefore = slow.received.length;
  await sendMessages(good, quick);
  await eventually('all of its messages arrive', () => quick.received.length === 5, SERVED_MS);
  const between = slow.received.length - sentBefore;
  assert.ok(between <= DELIVERIES_PER_TENANT, `${between} of the hostile tenant's were sent meanwhile`);
});
