import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseSettings } from '../../../src/contract/settings.js';
import { silent } from '../../../src/provision/progress.js';
import { readManifest, writeManifest } from '../../../src/service/backup/manifest.js';
import { claimHome } from '../../../src/service/home.js';
import { startService } from '../../../src/service/service.js';
import { temporaryFolder } from '../../provision/temporary.js';
import { copyOf, exists, filesOf, makeHome, rowsOf, run, runUntil } from './support.js';

/** A home that rests, a backup of it, and the path of a home that does not exist yet. */
async function backedUp(t: TestContext) {
  const { home, rows } = await makeHome(t);
  const folder = await temporaryFolder(t);
  const backup = join(folder, 'backup');
  await run('backup', home, backup);
  return { home, rows, folder, backup, target: join(folder, 'restored') };
}

test('a restored home has the rows, blobs, uploads and secret of the one that was backed up', async (t) => {
  const { home, rows, folder, backup, target } = await backedUp(t);
  const said = await run('restore', target, backup);
  assert.match(said, /Restored .* from the backup of .* \(Strata \d/);
  assert.deepEqual(await rowsOf(target), rows);
  const { 'blobs/spool/job_1/corrections': _, ...kept } = await filesOf(home);
  assert.deepEqual(await filesOf(target), kept);
  assert.equal(Object.keys(kept).length, 5);
  assert.deepEqual((await readdir(folder)).sort(), ['backup', 'restored']);
  assert.ok(!(await exists(join(home, 'blobs/pinned'))), 'the second names of the blobs are gone');
});

test('damage is found by checksum before anything is written', async (t) => {
  const { backup, target } = await backedUp(t);
  const { files } = await readManifest(backup);
  const kinds = ['database/webhook', 'blobs/blobs/', 'blobs/spool/', 'secret.key'];
  const paths = kinds.map((kind) => files.find(({ path }) => path.startsWith(kind))!.path);
  for (const path of [...paths, 'manifest.json']) {
    const damaged = await copyOf(t, backup);
    const bytes = await readFile(join(damaged, path));
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(join(damaged, path), bytes);
    await assert.rejects(run('restore', target, damaged), new RegExp(`is damaged: .*${path}`));
    await rm(join(damaged, path));
    await assert.rejects(run('restore', target, damaged), /is damaged: .* is missing|is no complete backup/);
    assert.ok(!(await exists(target)), path);
  }
});

test('a restore that is killed leaves a home that nothing starts on, and can be repeated', async (t) => {
  const { rows, backup, target } = await backedUp(t);
  for (const place of ['.restoring/blobs', '.restoring/postgres/data']) {
    await runUntil(join(target, place), 'restore', target, backup);
    assert.deepEqual((await readdir(target)).sort(), ['.restoring', '.service.lock']);
    const settings = parseSettings({ STRATA_HOME: target, PORT: '0' });
    await assert.rejects(startService({ settings, progress: silent }), /was interrupted/);
    await assert.rejects(run('backup', target, `${backup}-2`), /holds no data|was interrupted/);
  }
  await run('restore', target, backup);
  assert.deepEqual(await rowsOf(target), rows);
  assert.ok(!(await exists(join(target, '.restoring'))));
});

test('a reset removes what a killed restore has left', async (t) => {
  const { backup, target } = await backedUp(t);
  await runUntil(join(target, '.restoring/blobs'), 'restore', target, backup);
  await run('reset', target);
  await run('restore', target, backup);
});

test('a restore that fails leaves a missing home missing', async (t) => {
  const { backup, target } = await backedUp(t);
  const { name, columns } = (await readManifest(backup)).tables.find(({ rows }) => rows > 0)!;
  await renameColumn(backup, name, columns[0]!);
  await assert.rejects(run('restore', target, backup), /has a column .* that its migrations do not make/);
  assert.ok(!(await exists(target)));
});

test('a backup that is killed gets no name, and can be repeated', async (t) => {
  const { home } = await makeHome(t);
  const backup = join(await temporaryFolder(t), 'backup');
  await runUntil(`${backup}.partial`, 'backup', home, backup);
  assert.ok(!(await exists(backup)));
  await run('backup', home, backup);
  assert.ok(!(await exists(`${backup}.partial`)));
});

test('a home in use, a home with data, and a folder with files are left alone', async (t) => {
  const { home, backup, folder } = await backedUp(t);
  await assert.rejects(run('restore', home, backup), /is not empty.*npm run reset/);
  await assert.rejects(run('backup', home, backup), /is not empty/);
  await assert.rejects(run('backup', join(folder, 'nothing'), join(folder, 'b')), /holds no data/);
  await assert.rejects(run('backup', home, join(home, 'backup')), /lies in the home/);
  assert.deepEqual(await readdir(folder), ['backup']);
  const used = await temporaryFolder(t);
  const claimed = await claimHome(used);
  t.after(() => claimed?.lock.release());
  await assert.rejects(run('restore', used, backup), /Strata runs on .*kill/);
});

test('blobs whose bytes have changed are left out and named', async (t) => {
  const { home } = await makeHome(t);
  const backup = join(await temporaryFolder(t), 'backup');
  const blob = Object.keys(await filesOf(home)).find((path) => path.startsWith('blobs/blobs/'))!;
  await writeFile(join(home, blob), 'other bytes');
  await run('backup', home, backup);
  const { files } = await readManifest(backup);
  assert.ok(!files.some(({ path }) => path === blob));
  assert.equal(files.filter(({ path }) => path.startsWith('blobs/blobs/')).length, 2);
});

/** Writes a manifest that is intact but does not fit its migrations. */
async function renameColumn(backup: string, table: string, column: string): Promise<void> {
  const { format: _, ...manifest } = await readManifest(backup);
  const tables = manifest.tables.map((entry) =>
    entry.name === table
      ? { ...entry, columns: entry.columns.map((name) => (name === column ? 'renamed' : name)) }
      : entry,
  );
  await writeManifest(backup, { ...manifest, tables });
}
