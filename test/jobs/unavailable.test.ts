import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPostgres } from '../../src/provision/postgres.js';
import { Strata } from '../support/strata.js';
import { smallJob } from './specs.js';

let strata: Strata;
before(async () => {
  strata = await Strata.start();
});
after(() => strata.stop());

test('while Postgres is down every method is unavailable, not broken; when it is back all is there', async () => {
  const { client, servers } = strata;
  const { job } = await client.createJob(smallJob(), {});
  process.kill((await startPostgres(servers.home)).pid, 'SIGKILL');
  const calls = [
    () => client.createJob(smallJob(), { idempotencyKey: 'again', bodyHash: 'x' }),
    () => client.getJob(job.id),
    () => client.listJobs({ limit: 1 }),
    () => client.pauseJob(job.id),
    () => client.cancelJob(job.id, { force: true }),
    () => client.listTasks(job.id),
    () => client.openArtifact('artifact_1'),
  ];
  for (const call of calls)
    await assert.rejects(call, { name: 'StrataError', code: 'unavailable', status: 503 });
  await startPostgres(servers.home);
  assert.equal((await client.getJob(job.id))?.state, 'queued');
  await assert.rejects(client.listTasks('job_none'), { code: 'not_found' });
});
