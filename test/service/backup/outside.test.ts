import assert from 'node:assert/strict';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startPostgres, stopPostgres } from '../../../src/provision/postgres/postgres.js';
import { temporaryFolder } from '../../provision/temporary.js';
import { exists, filesOf, makeHome, rowsAt, rowsOf, run, runWith } from './support.js';

/** A Postgres that the command did not start, like one of the operator's own. */
async function ownServer(t: TestContext, data?: string): Promise<string> {
  const folder = data ?? (await temporaryFolder(t, stopPostgres));
  return (await startPostgres(folder)).url;
}

test('a service with a Postgres of its own is backed up, and restored to another one and to an embedded one', async (t) => {
  const { home: data, rows } = await makeHome(t);
  const folder = await temporaryFolder(t);
  const [home, blobs] = [join(folder, 'home'), join(folder, 'blobs')];
  await mkdir(home);
  await rename(join(data, 'blobs'), blobs);
  await rename(join(data, 'secret.key'), join(home, 'secret.key'));
  const kept = await filesOf(blobs);
  const backup = join(folder, 'backup');
  const from = { DATABASE_URL: await ownServer(t, data), BLOB_URL: pathToFileURL(blobs).href };
  const nowhere = { ...from, BLOB_URL: pathToFileURL(join(folder, 'nowhere')).href };
  await assert.rejects(runWith(nowhere, 'backup', home, backup), /nowhere does not exist/);
  assert.match(await runWith(from, 'backup', home, backup), /Backup of the database of DATABASE_URL/);

  const [newHome, newBlobs] = [join(folder, 'new-home'), join(folder, 'new-blobs')];
  const to = { DATABASE_URL: await ownServer(t), BLOB_URL: pathToFileURL(newBlobs).href };
  await assert.rejects(
    runWith({ ...to, DATABASE_URL: from.DATABASE_URL }, 'restore', newHome, backup),
    /holds tables/,
  );
  await assert.rejects(
    runWith({ ...to, BLOB_URL: from.BLOB_URL }, 'restore', newHome, backup),
    /is not empty/,
  );
  await assert.rejects(runWith(to, 'restore', home, backup), /has a secret\.key already/);
  assert.ok(!(await exists(newBlobs)), 'a refused restore has written nothing');
  const said = await runWith({ ...to, REDIS_URL: 'redis://given' }, 'restore', newHome, backup);
  assert.match(said, /Restored the database of DATABASE_URL from .*FLUSHDB/s);
  assert.deepEqual(await rowsAt(to.DATABASE_URL), rows);
  const { 'spool/job_1/corrections': _, ...expected } = kept;
  assert.deepEqual(await filesOf(newBlobs), expected);
  assert.deepEqual(Object.keys(await filesOf(newHome)), ['secret.key']);
  const embedded = join(folder, 'embedded');
  await run('restore', embedded, backup);
  assert.deepEqual(await rowsOf(embedded), rows, 'the embedded Postgres takes the same backup');
  for (const place of [newHome, newBlobs]) assert.ok(!(await exists(join(place, '.restoring'))));
});
