import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { planJobs } from '../../../src/jobs/dispatcher/reconcile.js';
import { claimNext } from '../../../src/jobs/lifecycle/claim.js';
import { releaseTask } from '../../../src/jobs/lifecycle/fail.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { claimImport, insertImport } from '../../../src/jobs/store/dataset-imports.js';
import { insertDataset } from '../../../src/jobs/store/datasets.js';
import { releaseProfile } from '../../../src/jobs/store/profiles.js';
import { claimExport } from '../../../src/jobs/store/tracker-exports.js';
import { claimDelivery } from '../../../src/jobs/store/webhook-deliveries.js';
import type { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';
import { claimer, log, useStore } from '../support/store.js';

// A hostile tenant has filled every place that tenants share before a good one asks for its first thing.
let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store), { outgoingAllow: ['127.0.0.1'] });
beforeEach(() => strata.sql.query('TRUNCATE job, profile, dataset_import, webhook, turn CASCADE'));

const LEASE_MS = 60_000;
const hostile = () => strata.service.forTenant('hostile');
const good = () => strata.service.forTenant('good');

async function all<T>(claim: () => Promise<T | null>): Promise<T[]> {
  const claimed: T[] = [];
  for (let next = await claim(); next !== null; next = await claim()) claimed.push(next);
  return claimed;
}

test('a slot: 40 profiles and 20 jobs of the highest priority take one turn before the first job of another tenant', async () => {
  for (let index = 0; index < 40; index++)
    await hostile().plans.createProfile({ job: smallJob({ batch_size: 8 + index }), device: 'cpu' });
  for (let index = 0; index < 20; index++) await hostile().jobs.createJob(smallJob({ priority: 100 }), {});
  const { job } = await good().jobs.createJob(smallJob({ priority: -100 }), {});
  await planJobs(db, log);
  // One slot, which returns each piece of work at once. The tenant that was served longest ago is next.
  const served: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const claim = await claimNext(db, claimer);
    assert.ok(claim);
    served.push(claim.kind === 'profile' ? 'profile' : claim.task.jobId);
    if (claim.kind === 'profile') await releaseProfile(db, claim.profile);
    else await releaseTask(db, claim.task);
  }
  assert.ok(served.slice(0, 2).includes(job.id), served.join());
  assert.equal(served.filter((id) => id === job.id).length, 2, 'every other turn is its own');
});

async function askImports(tenant: string, count: number, kind: 'file' | 'url'): Promise<void> {
  for (let index = 0; index < count; index++) {
    const id = `dataset_${tenant}${kind}${index}`;
    const source =
      kind === 'file'
        ? ({ kind, uri: `spool:${id}/source` } as const)
        : ({ kind, url: 'https://slow.example', sha256: null } as const);
    await db.$transaction(async (tx) => {
      await insertDataset(tx, { id, tenant, name: id, source: {}, storedBytes: 0 });
      const options = { format: 'auto', test_share: null, image: {} } as never;
      await insertImport(tx, { id: `import_${id}`, datasetId: id, tenant, source, options });
    });
  }
}

test('imports: 30 of a tenant take one turn before the first of another tenant', async () => {
  await askImports('hostile', 30, 'file');
  const first = await claimImport(db, 'worker_1', 'import', LEASE_MS);
  assert.equal(first?.tenant, 'hostile');
  await askImports('good', 1, 'file');
  // The place is free again once the first has ended.
  await db.datasetImport.delete({ where: { id: first?.id ?? '' } });
  assert.equal((await claimImport(db, 'worker_1', 'import', LEASE_MS))?.tenant, 'good');
});

test('fetches: slow URLs of a tenant hold four places, another has its own, and no import waits for them', async () => {
  await askImports('hostile', 20, 'url');
  const held = await all(() => claimImport(db, 'worker_1', 'fetch', LEASE_MS));
  assert.equal(held.length, 4);
  await askImports('good', 1, 'url');
  assert.equal((await claimImport(db, 'worker_1', 'fetch', LEASE_MS))?.tenant, 'good');
  await askImports('good', 1, 'file');
  assert.equal((await claimImport(db, 'worker_1', 'import', LEASE_MS))?.tenant, 'good');
});

test('deliveries: 20 slow webhooks hold eight places, two of them each at most, and another tenant has its own', async () => {
  const webhook = { url: 'http://127.0.0.1:9/', events: ['job.queued' as const] };
  for (let index = 0; index < 20; index++) {
    const { id } = await hostile().webhooks.createWebhook(webhook);
    for (let message = 0; message < 5; message++) await hostile().webhooks.testWebhook(id);
  }
  const held = await all(() => claimDelivery(db, LEASE_MS));
  assert.equal(held.length, 8);
  const { id } = await good().webhooks.createWebhook(webhook);
  for (let message = 0; message < 5; message++) await good().webhooks.testWebhook(id);
  const own = await all(() => claimDelivery(db, LEASE_MS));
  assert.deepEqual(
    own.map(({ tenant, webhookId }) => [tenant, webhookId]),
    Array(2).fill(['good', id]),
    'one receiver has two places',
  );
});

test('hand-overs: slow trackers of a tenant hold two places, and another has its own', async () => {
  const trackers = [{ type: 'mlflow' as const, tracking_uri: 'http://127.0.0.1:9', experiment: 'e' }];
  const finish = () => strata.sql.query(`UPDATE job SET state = 'cancelled', finished_at = now()`);
  for (let index = 0; index < 10; index++) await hostile().jobs.createJob(smallJob({ trackers }), {});
  assert.equal(await claimExport(db, LEASE_MS), null, 'their jobs have not ended');
  await finish();
  assert.equal((await all(() => claimExport(db, LEASE_MS))).length, 2);
  await good().jobs.createJob(smallJob({ trackers }), {});
  await finish();
  assert.equal((await claimExport(db, LEASE_MS))?.tenant, 'good');
});

test('turns go by who was served longest ago, also when nothing is held', async () => {
  await askImports('a', 3, 'file');
  await askImports('b', 3, 'file');
  const order = [];
  for (let turn = 0; turn < 6; turn++) {
    const claimed = await claimImport(db, 'worker_1', 'import', LEASE_MS);
    order.push(claimed?.tenant);
    await db.datasetImport.delete({ where: { id: claimed?.id ?? '' } });
  }
  assert.match(order.join(''), /^(ab){3}$|^(ba){3}$/);
});
