import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { LocalCache } from '../../src/storage/local-cache.js';
import { temporaryFolder } from '../provision/temporary.js';

const MINUTE_MS = 60_000;
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

test('above its limit, a cache removes what was not used for longest, and never what was just handed out', async (t) => {
  const folder = await temporaryFolder(t);
  let now = 1e12;
  const cache = new LocalCache({ folder, maxBytes: 10 }, () => now);
  const fill = (text: string) => cache.fill(hashOf(text), (path) => writeFile(path, text));
  const isThere = async (text: string) => (await cache.find(hashOf(text))) !== null;
  for (const text of ['aaaa', 'bbbb']) {
    await fill(text);
    now += 2 * MINUTE_MS;
  }
  assert.equal(await isThere('aaaa'), true);
  now += 2 * MINUTE_MS;
  await fill('cccc');
  assert.deepEqual(await Promise.all(['aaaa', 'bbbb', 'cccc'].map(isThere)), [true, false, true]);
  await fill('dddddddddddd');
  assert.deepEqual(await Promise.all(['aaaa', 'cccc', 'dddddddddddd'].map(isThere)), [true, true, true]);
});

test('callers at the same time share one write; one that fails leaves nothing, and the next writes again', async (t) => {
  const folder = await temporaryFolder(t);
  const cache = new LocalCache({ folder, maxBytes: 1e6 });
  const sha256 = hashOf('bytes');
  let writes = 0;
  const failing = async (path: string) => {
    await writeFile(path, 'half');
    throw new Error('the connection broke');
  };
  await assert.rejects(cache.fill(sha256, failing), /broke/);
  assert.deepEqual(await readdir(join(folder, 'tmp')), []);
  const write = async (path: string) => {
    writes++;
    await writeFile(path, 'bytes');
  };
  const paths = await Promise.all([cache.fill(sha256, write), cache.fill(sha256, write)]);
  assert.equal(writes, 1);
  assert.equal(paths[0], paths[1]);
  assert.equal(await readFile(paths[0], 'utf8'), 'bytes');
});
