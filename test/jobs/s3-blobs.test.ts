import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type S3Proxy, startS3Proxy } from '../support/s3-proxy.js';
import { Strata } from '../support/strata.js';
import { startVersitygw, versitygw } from '../support/versitygw.js';
import { smallJob } from './support/specs.js';

const built = await versitygw();
const skip = 'missing' in built ? built.missing : false;

/** A network of a few hundred weights. */
const TINY = smallJob({ seed: 7, model: { depth: 8, width: 2 }, method: { stages: 2 }, epochs: 1 });

/** Trains it. @returns the sha256 of the weights */
async function train(
  strata: Strata,
  duringIt: (id: string) => Promise<void> = async () => undefined,
): Promise<string> {
  const { job } = await strata.client.jobs.createJob(TINY, {});
  await duringIt(job.id);
  const ended = await strata.ended(job.id);
  assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
  const { rows } = await strata.sql.query<{ sha256: string }>(
    "SELECT sha256 FROM artifact WHERE job_id = $1 AND name = 'weights.safetensors'",
    [job.id],
  );
  assert.equal(rows.length, 1);
  return rows[0]?.sha256 ?? '';
}

/** @returns what a service on a folder trains */
async function trainOnFolder(): Promise<string> {
  const strata = await Strata.start({ slots: 2 });
  try {
    await Promise.all([strata.startDispatcher(), strata.startWorker()]);
    return await train(strata);
  } finally {
    await strata.stop();
  }
}

/** Faults of requests, and those of answers with bytes of a blob or a message. */
const REFUSALS = ['dead', 'full', 'busy', 'denied', 'broken'] as const;
const DAMAGES = ['lie', 'cut', 'dead', 'broken'] as const;
const FAULTS = 20;

/** Every fourth request fails, each in another way, until there were 20 faults. */
function faulty(): S3Proxy['treat'] {
  let asked = 0;
  return (method, path) => {
    const fault = asked++ / 4;
    if (!Number.isInteger(fault) || fault >= FAULTS) return 'pass';
    const isRead = method === 'GET' && /\/jobs\/(blobs|spool)\//.test(path);
    const kinds = isRead ? DAMAGES : REFUSALS;
    return kinds[fault % kinds.length] ?? 'pass';
  };
}

test('two hosts that share a bucket alone, which fails in every way, train bitwise what one host trains on a folder', {
  skip,
}, async () => {
  if (!('program' in built)) return;
  const home = await mkdtemp(join(tmpdir(), 'strata-s3-job-'));
  const server = await startVersitygw(built.program, home);
  await server.createBucket('blobs');
  const proxy = await startS3Proxy(server.endpoint);
  const strata = await Strata.start({ slots: 1, blobUrl: server.urlOf('blobs', 'jobs', proxy.url) });
  try {
    const expected = await trainOnFolder();
    await strata.startDispatcher();
    const hosts = ['one', 'two'].map((name) => join(home, name));
    await Promise.all(hosts.map((host) => strata.startWorker({ STRATA_HOME: host })));
    const weights = await train(strata, async (id) => {
      await strata.event(id, 'job.running');
      proxy.treat = faulty();
    });
    assert.equal(weights, expected);
    const faults = [...proxy.counts].filter(([treatment]) => treatment !== 'pass');
    assert.equal(
      faults.reduce((sum, [, count]) => sum + count, 0),
      FAULTS,
      JSON.stringify(faults),
    );
    proxy.treat = () => 'dead';
    const { problems } = await strata.service.getReadiness();
    assert.ok(
      problems.some((problem) => problem.startsWith('The blob store does not answer.')),
      problems.join('\n'),
    );
    proxy.treat = () => 'pass';
    assert.deepEqual((await strata.service.getReadiness()).problems, []);
    for (const host of hosts) assert.ok((await readdir(join(host, 'blob-cache', 'blobs'))).length > 0, host);
    await assert.rejects(readdir(join(strata.servers.home, 'blobs')), { code: 'ENOENT' });
  } finally {
    await strata.stop();
    await proxy.stop();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
});
