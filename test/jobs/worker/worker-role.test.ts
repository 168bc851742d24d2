import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { migrate } from '../../../src/jobs/store/connection/migrate.js';
import { WORKER_ROLE } from '../../../src/jobs/store/connection/worker-role.js';
import { eventually } from '../../support/eventually.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

const PASSWORD = 'worker';

/** Secrets of the tables, and changes that are not a worker's to make. */
const FORBIDDEN: readonly string[] = [
  'SELECT secret_hash FROM api_key',
  'INSERT INTO api_key (id) VALUES (NULL)',
  'SELECT secret FROM webhook',
  'SELECT * FROM tracker_export',
  'SELECT * FROM idempotency_key',
  'INSERT INTO job SELECT * FROM job',
  'DELETE FROM job',
  'DELETE FROM event',
  'UPDATE event SET message = NULL',
  'DROP TABLE worker',
  'CREATE TABLE mine (id int)',
];

test('a worker with a role of its own trains, fails and reports, and cannot read the secrets of others', async (t) => {
  const strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  const { adminUrl, databaseUrl } = strata.servers;
  const admin = new pg.Pool({ connectionString: adminUrl, max: 1 });
  t.after(async () => {
    await strata.stop().catch(() => undefined);
    await admin.end().catch(() => undefined);
  });
  await admin.query(`CREATE ROLE ${WORKER_ROLE} LOGIN PASSWORD '${PASSWORD}'`);
  await migrate(databaseUrl);
  const workerUrl = Object.assign(new URL(databaseUrl), { username: WORKER_ROLE, password: PASSWORD }).href;
  await strata.client.webhooks.createWebhook({ url: 'https://localhost/', events: ['job.succeeded'] });
  await strata.startDispatcher();
  const worker = await strata.startWorker({ DATABASE_URL: workerUrl });

  const { job: good } = await strata.client.jobs.createJob(smallJob(), {});
  assert.equal((await strata.ended(good.id)).state, 'succeeded');
  const { rowCount: deliveries } = await strata.sql.query('SELECT 1 FROM webhook_delivery');
  assert.equal(deliveries, 1, 'it writes the outbox');
  await strata.orders.hold('prepare');
  const { job: stopped } = await strata.client.jobs.createJob(smallJob(), {});
  await strata.event(stopped.id, 'task.started');
  await strata.client.jobs.cancelJob(stopped.id, { force: true });
  assert.equal((await strata.ended(stopped.id)).state, 'cancelled');
  const { rowCount: metrics } = await strata.sql.query('SELECT 1 FROM metric_point LIMIT 1');
  assert.equal(metrics, 1);
  await eventually(
    'its heartbeat',
    async () => (await strata.service.listWorkers('default')).data.length === 1,
  );

  const sql = new pg.Client({ connectionString: workerUrl });
  await sql.connect();
  for (const statement of FORBIDDEN)
    await assert.rejects(sql.query(statement), { code: /^(42501)$/ }, statement);
  await sql.end();
  await worker.stop();
  await admin.query(`DROP OWNED BY ${WORKER_ROLE}; DROP ROLE ${WORKER_ROLE}`).catch(() => undefined);
});
