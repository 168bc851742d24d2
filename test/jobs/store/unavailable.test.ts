import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDatabase } from '../../../src/jobs/store/connection/database.js';
import { isUnavailable } from '../../../src/jobs/store/connection/unavailable.js';
import { queuePositions } from '../../../src/jobs/store/queue-order.js';
import { startPostgres } from '../../../src/provision/postgres/postgres.js';
import { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

let strata: Strata;
before(async () => {
  strata = await Strata.start();
});
after(() => strata.stop());

test('every method is unavailable, not broken, while Postgres is down, and works when it is back', async () => {
  const { client, servers } = strata;
  const { job } = await client.jobs.createJob(smallJob(), {});
  process.kill((await startPostgres(servers.home)).pid, 'SIGKILL');
  const calls = [
    () => client.jobs.createJob(smallJob(), { idempotencyKey: 'again', bodyHash: 'x' }),
    () => client.jobs.getJob(job.id),
    () => client.jobs.listJobs({ limit: 1 }),
    () => client.jobs.pauseJob(job.id),
    () => client.jobs.cancelJob(job.id, { force: true }),
    () => client.jobs.listJobTasks(job.id),
    () => client.jobs.downloadArtifact('artifact_1'),
  ];
  for (const call of calls)
    await assert.rejects(call, { name: 'StrataError', code: 'unavailable', status: 503 });
  await startPostgres(servers.home);
  assert.equal((await client.jobs.getJob(job.id))?.state, 'queued');
  await assert.rejects(client.jobs.listJobTasks('job_none'), { code: 'not_found' });
});

test('a query that gets no connection in time is unavailable too: a server that is overloaded is not broken', async () => {
  const db = await openDatabase(strata.servers.databaseUrl);
  const held = await Promise.all(Array.from({ length: db.pool.options.max }, () => db.pool.connect()));
  db.pool.options.connectionTimeoutMillis = 50;
  const queries = [() => db.job.count(), () => db.$queryRaw`SELECT 1`, () => queuePositions(db, ['job_1'])];
  for (const query of queries) await assert.rejects(query, isUnavailable);
  for (const client of held) client.release();
  await db.$disconnect();
});
