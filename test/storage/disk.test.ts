import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskSpace, requireRoom, reserveOf } from '../../src/storage/disk.js';
import { temporaryFolder } from '../provision/temporary.js';

test('the free space of a folder that does not exist yet is that of its parent', async (t) => {
  const folder = await temporaryFolder(t);
  const [there, later] = await Promise.all([diskSpace(folder), diskSpace(join(folder, 'a/b'))]);
  assert.equal(later.totalBytes, there.totalBytes);
  assert.ok(there.freeBytes > 0 && there.freeBytes <= there.totalBytes);
});

test('the reserve is 5 % of a small disk and 1 GB of a large one, unless it is set', () => {
  assert.equal(reserveOf({ freeBytes: 0, totalBytes: 1e9 }), 5e7);
  assert.equal(reserveOf({ freeBytes: 0, totalBytes: 1e12 }), 1e9);
  assert.equal(reserveOf({ freeBytes: 0, totalBytes: 1e12 }, 7), 7);
});

test('bytes that would eat into the reserve are refused, with the figures', async (t) => {
  const folder = await temporaryFolder(t);
  const { freeBytes } = await diskSpace(folder);
  await requireRoom(folder, 1, 0);
  await assert.rejects(requireRoom(folder, 1, freeBytes * 2), {
    code: 'storage_full',
    status: 507,
    message: /bytes free, of which \d+ are kept/,
  });
});
