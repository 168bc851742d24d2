import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readManifest, writeManifest } from '../../../src/service/backup/manifest.js';
import { temporaryFolder } from '../../provision/temporary.js';
import { copyOf, exists, makeHome, rowsOf, run } from './support.js';

test('the backup of an older version is migrated forward; that of a newer one is refused', async (t) => {
  const current = join(await temporaryFolder(t), 'current');
  await run('backup', (await makeHome(t)).home, current);
  const { migrations } = await readManifest(current);
  const first = migrations.slice(0, migrations.findIndex(({ name }) => name.endsWith('_webhooks')) + 1);
  assert.ok(first.length > 5 && first.length < migrations.length);

  const { home, rows } = await makeHome(t, first);
  const backup = join(await temporaryFolder(t), 'backup');
  await run('backup', home, backup);
  assert.deepEqual((await readManifest(backup)).migrations, first);
  const target = join(await temporaryFolder(t), 'restored');
  const said = await run('restore', target, backup);
  for (const { name } of migrations.slice(first.length)) assert.ok(said.includes(name), name);
  const restored = await rowsOf(target);
  assert.equal(restored.webhook, rows.webhook);
  assert.ok(Object.keys(restored).length > Object.keys(rows).length, 'it has the tables of this version');

  const newer = await copyOf(t, current);
  const { format: _, ...manifest } = await readManifest(newer);
  const unknown = { name: '99990101000000_later', checksum: '0'.repeat(64) };
  await writeManifest(newer, { ...manifest, migrations: [...migrations, unknown] });
  const missing = join(await temporaryFolder(t), 'missing');
  await assert.rejects(run('restore', missing, newer), /does not know: 99990101000000_later; run the newer/);
  assert.ok(!(await exists(missing)));
});
