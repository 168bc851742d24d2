import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { IMPORT_DEFAULTS } from '../../../src/contract/importer-protocol.js';
import { migrate } from '../../../src/jobs/store/connection/migrate.js';
import { WORKER_ROLE } from '../../../src/jobs/store/connection/worker-role.js';
import { imageFolder } from '../../datasets/support/images.js';
import { makeZip } from '../../datasets/support/zip.js';
import { eventually } from '../../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

const PASSWORD = 'worker';

async function* bytesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Secrets of the tables, and changes that are not a worker's to make. */
const FORBIDDEN: readonly string[] = [
  'SELECT secret_hash FROM api_key',
  'INSERT INTO api_key (id) VALUES (NULL)',
  'SELECT secret FROM webhook',
  'SELECT * FROM tracker_export',
  'SELECT * FROM model_push',
  'SELECT * FROM idempotency_key',
  'INSERT INTO job SELECT * FROM job',
  'DELETE FROM job',
  'DELETE FROM event',
  'UPDATE event SET message = NULL',
  'DROP TABLE worker',
  'CREATE TABLE mine (id int)',
];
const PERMISSION_DENIED = '42501';

let strata: Strata;
let admin: pg.Client;
let workerUrl: string;
before(async () => {
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  const { adminUrl, databaseUrl } = strata.servers;
  admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`CREATE ROLE ${WORKER_ROLE} LOGIN PASSWORD '${PASSWORD}'`);
  await migrate(databaseUrl);
  workerUrl = Object.assign(new URL(databaseUrl), { username: WORKER_ROLE, password: PASSWORD }).href;
  await strata.startDispatcher();
  await strata.startWorker({ DATABASE_URL: workerUrl, STRATA_TENANT_BYTES: String(2 ** 30) });
});
after(async () => {
  // Roles belong to the server, which other test files may share.
  await admin.query(`DROP OWNED BY ${WORKER_ROLE}; DROP ROLE ${WORKER_ROLE}`);
  await admin.end();
  await strata.stop();
});

test('a worker with a role of its own trains, stops and reports, and cannot read the secrets of others', async () => {
  await strata.client.webhooks.createWebhook({ url: 'https://localhost/', events: ['job.succeeded'] });
  const { job: good } = await strata.client.jobs.createJob(smallJob(), {});
  assert.equal((await strata.ended(good.id)).state, 'succeeded');
  const { rowCount: deliveries } = await strata.sql.query('SELECT 1 FROM webhook_delivery');
  assert.equal(deliveries, 1, 'it writes the outbox');
  await strata.orders.hold('prepare');
  const { job: stopped } = await strata.client.jobs.createJob(smallJob(), {});
  await strata.event(stopped.id, 'task.started');
  await strata.client.jobs.cancelJob(stopped.id, { force: true });
  assert.equal((await strata.ended(stopped.id)).state, 'cancelled');
  await strata.orders.release('prepare');
  const { rowCount: metrics } = await strata.sql.query('SELECT 1 FROM metric_point LIMIT 1');
  assert.equal(metrics, 1);

  const { datasets } = strata.client;
  const archive = makeZip(await imageFolder(['train', 'test'], ['rose', 'tulip'], 2));
  const upload = await datasets.receiveUpload(bytesOf(archive));
  const facts = {
    sha256: null,
    ...IMPORT_DEFAULTS,
  } as const;
  const { id } = await datasets.createDataset({ name: 'pets', ...facts }, upload);
  await eventually('it imports datasets', async () => (await datasets.getDataset(id))?.state === 'ready');

  const sql = new pg.Client({ connectionString: workerUrl });
  await sql.connect();
  for (const statement of FORBIDDEN)
    await assert.rejects(sql.query(statement), { code: PERMISSION_DENIED }, statement);
  await sql.end();
});

test('a drained worker takes no more tasks, and only the operator can drain it', async () => {
  const [worker] = (await strata.service.listWorkers('default')).data;
  const id = worker?.id ?? assert.fail('there is a worker');
  await assert.rejects(strata.service.drainWorker('other', id), { code: 'operator_only' });
  await assert.rejects(strata.service.drainWorker('default', 'worker_0'), { code: 'not_found' });
  const drained = await strata.service.drainWorker('default', id);
  assert.deepEqual([worker?.draining, drained.draining], [false, true]);
  await eventually('it has heard of it', async () => {
    const { data } = await strata.service.listWorkers('default');
    return data[0]!.heartbeat_at > drained.heartbeat_at;
  });
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await strata.startWorker();
  assert.equal((await strata.ended(job.id)).state, 'succeeded');
  const { data: events } = await strata.client.jobs.listJobEvents(job.id, { after: 0, limit: 100 });
  const takers = events.filter(({ type }) => type === 'task.started').map(({ data }) => data.worker_id);
  assert.ok(takers.length >= 13 && !takers.includes(id), `${takers}`);
});

test('a worker that is too old for the dispatcher does not start', async () => {
  await eventually('its report', async () => {
    const { rowCount } = await strata.sql.query(
      `UPDATE dispatcher SET version = '7.0.0' WHERE version <> ''`,
    );
    return rowCount === 1;
  });
  await assert.rejects(strata.startWorker(), /ended with code 1/);
});
