import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DEFAULT_TENANT, SCOPES } from '../../../src/contract/access.js';
import type { components } from '../../../src/contract/generated/openapi.js';
import { parseSettings } from '../../../src/contract/settings.js';
import { openKeyOffice } from '../../../src/jobs/client/keys/key-office.js';
import { silent } from '../../../src/provision/progress.js';
import { type Service, startService } from '../../../src/service/service.js';
import { temporaryFolder } from '../../provision/temporary.js';
import { createJob, followEvents, getJson } from '../../support/live-service.js';
import { run } from './support.js';

type Schemas = components['schemas'];

const JOB = {
  dataset: 'mnist',
  model: { depth: 8, width: 4 },
  method: { type: 'augmented-lagrangian', stages: 2, round_steps: 4 },
  epochs: 1,
  max_train_samples: 1024,
  batch_size: 64,
  seed: 3,
} as const;

/** Starts services on homes in `folder`, which is removed once all of them have stopped. */
async function starter(t: TestContext) {
  const started: Service[] = [];
  const folder = await temporaryFolder(t, () => Promise.all(started.map((service) => service.stop())));
  const output = openSync(join(folder, 'log'), 'a');
  const start = async (home: string): Promise<Service> => {
    const settings = parseSettings({ PORT: '0', STRATA_HOME: home, STRATA_SLOTS: '2' });
    const service = await startService({ settings, progress: silent, output });
    started.push(service);
    return service;
  };
  return { folder, start };
}

async function until(service: Service, jobId: string, type: string): Promise<void> {
  for await (const event of followEvents(service, jobId)) if (event.type === type) return;
  throw new Error(`${jobId} ended without ${type}`);
}

test('a running service is backed up; the restored one has the finished job bitwise, ends the running one, knows its keys', async (t) => {
  const { folder, start } = await starter(t);
  const [home, backup, restored] = ['home', 'backup', 'restored'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const service = await start(home);
  const { id: finished } = await createJob(service, JOB);
  await until(service, finished, 'job.succeeded');
  const { id: running } = await createJob(service, JOB);
  await until(service, running, 'task.succeeded');
  await run('backup', home, backup);
  const before = await contentsOf(service, finished);
  const office = await openKeyOffice(service.databaseUrl);
  const late = await office.create({ tenant: DEFAULT_TENANT, name: 'late', scopes: SCOPES });
  await office.close();
  await service.stop();

  await run('restore', restored, backup);
  const again = await start(restored);
  assert.deepEqual(await contentsOf(again, finished), before);
  await until(again, running, 'job.succeeded');
  const models = async (id: string) =>
    (await getJson<Schemas['ArtifactList']>(again, `/jobs/${id}/artifacts`)).data
      .filter(({ kind }) => kind !== 'report')
      .map(({ name, sha256 }) => `${name} ${sha256}`);
  assert.deepEqual(
    await models(running),
    await models(finished),
    'the same job, interrupted, has the same model',
  );
  await keysHold(start, again, restored, join(folder, 'again'), late);
});

/** A job with its records and the digests of its downloaded files. */
async function contentsOf(service: Service, id: string): Promise<unknown> {
  const { data } = await getJson<Schemas['ArtifactList']>(service, `/jobs/${id}/artifacts`);
  assert.ok(data.length > 5);
  const files = await Promise.all(
    data.map(async ({ name, sha256, links }) => {
      const bytes = await (await fetch(service.apiUrl + links.content)).arrayBuffer();
      assert.equal(createHash('sha256').update(new Uint8Array(bytes)).digest('hex'), sha256, name);
      return `${name} ${sha256}`;
    }),
  );
  const records = ['', '/metrics', '/events?limit=1000', '/tasks'];
  return [files, ...(await Promise.all(records.map((path) => getJson(service, `/jobs/${id}${path}`))))];
}

/** A key that the backup has is known to the restored service; one that was made later is not. */
async function keysHold(
  start: (home: string) => Promise<Service>,
  service: Service,
  home: string,
  backup: string,
  late: string,
): Promise<void> {
  const office = await openKeyOffice(service.databaseUrl);
  const key = await office.create({ tenant: DEFAULT_TENANT, name: 'kept', scopes: SCOPES });
  await office.close();
  await run('backup', home, backup);
  await service.stop();
  await run('restore', `${backup}-home`, backup);
  const { apiUrl } = await start(`${backup}-home`);
  const statusWith = async (secret: string) =>
    (await fetch(`${apiUrl}/jobs`, { headers: { authorization: `Bearer ${secret}` } })).status;
  assert.deepEqual([await statusWith(key), await statusWith(late)], [200, 401]);
}
