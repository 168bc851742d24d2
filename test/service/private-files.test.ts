import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { PRIVATE_UMASK } from '../../src/contract/private-files.js';
import { claimHome } from '../../src/service/home.js';
import { smallJob } from '../jobs/support/specs.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

const OTHERS = 0o077;
let strata: Strata;
before(async () => {
  // This process opens the store too, as those of the service do.
  process.umask(PRIVATE_UMASK);
  strata = await Strata.start({ trainer: FAKE_TRAINER, slots: 1 });
  // The usual umask of a shell: whoever starts the service need not know of another.
  process.umask(0o022);
});
after(() => strata.stop());

/** Everything below the folder, with what other accounts may do. A closed folder protects what lies in it. */
function openTo(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const { mode } = statSync(path);
    const own = mode & OTHERS ? [`${relative(strata.servers.home, path)} ${(mode & 0o777).toString(8)}`] : [];
    const isServer = folder === strata.servers.home && ['postgres', 'redis'].includes(entry.name);
    return [...own, ...(entry.isDirectory() && !isServer ? openTo(path) : [])];
  });
}

test('no other account can read a file of the home, after a job, an upload and a piece of one', async () => {
  const [api] = await Promise.all([strata.startApi(), strata.startDispatcher(), strata.startWorker()]);
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  const form = new FormData();
  form.set('name', 'mine');
  form.set('file', new Blob([new Uint8Array(1_000)]), 'mine.npz');
  const sent = await fetch(`${api.url}/datasets`, { method: 'POST', body: form });
  assert.equal(sent.status, 201, await sent.text());
  const tus = { 'tus-resumable': '1.0.0', 'upload-length': '10' };
  assert.equal((await fetch(`${api.url}/uploads`, { method: 'POST', headers: tus })).status, 201);
  const webhook = { url: 'https://example.com/', events: ['job.queued'] };
  const asked = { method: 'POST', body: JSON.stringify(webhook) };
  await fetch(`${api.url}/webhooks`, { ...asked, headers: { 'content-type': 'application/json' } });
  assert.equal((await strata.ended(job.id)).state, 'succeeded');
  const names = readdirSync(strata.servers.home);
  for (const name of ['blobs', 'uploads']) assert.ok(names.includes(name), names.join());
  const orders = (path: string) => path.startsWith('orders');
  assert.deepEqual(
    openTo(strata.servers.home).filter((path) => !orders(path)),
    [],
  );
});

test('folders that an older version left open are closed at the start', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'strata-open-'));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, 'blobs'), { mode: 0o755 });
  writeFileSync(join(home, 'blobs', 'weights'), 'w');
  (await claimHome(home))?.lock.release();
  assert.equal(statSync(join(home, 'blobs')).mode & OTHERS, 0);
});
