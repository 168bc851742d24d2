import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CacheEntry, cacheEntry, hasCacheEntry } from '../../src/provision/cache.js';
import { type CommandError, exec } from '../../src/provision/exec.js';
import { temporaryFolder } from './temporary.js';

const child = fileURLToPath(new URL('./cache-child.ts', import.meta.url));

async function build(root: string, ...args: string[]): Promise<CacheEntry> {
  return JSON.parse(await exec(process.execPath, ['--import', 'tsx', child, root, ...args])) as CacheEntry;
}

test('two processes that want the same entry at once build it once', async (t) => {
  const root = await temporaryFolder(t);
  const entries = await Promise.all([build(root), build(root)]);
  assert.deepEqual(entries.map((entry) => entry.reused).sort(), [false, true]);
  assert.deepEqual(
    entries.map((entry) => entry.bytes),
    [3, 3],
  );
  assert.equal(await readFile(join(root, 'builds'), 'utf8'), 'x');
});

test('an entry whose builder was killed half-way is never used, and is built again', async (t) => {
  const root = await temporaryFolder(t);
  await assert.rejects(build(root, 'die'), (error: CommandError) => error.code === 'SIGKILL');
  assert.equal(await hasCacheEntry(root, 'shared'), false);
  const entry = await build(root);
  assert.equal(entry.reused, false);
  assert.equal(await readFile(join(entry.dir, 'second'), 'utf8'), '22');
});

test('an entry with a truncated file is built again', async (t) => {
  const root = await temporaryFolder(t);
  const make = () => cacheEntry(root, 'key', (staging) => writeFile(join(staging, 'lib.so'), 'whole'));
  const { dir } = await make();
  await writeFile(join(dir, 'lib.so'), 'wh');
  assert.equal((await make()).reused, false);
  assert.equal(await readFile(join(dir, 'lib.so'), 'utf8'), 'whole');
  assert.equal((await make()).reused, true);
});

test('an entry is kept while programs rewrite what they find in it: CA certificates and compiled Python', async (t) => {
  const root = await temporaryFolder(t);
  const files = ['certifi/cacert.pem', 'certifi/__pycache__/core.pyc'];
  const make = () =>
    cacheEntry(root, 'key', async (staging) => {
      await mkdir(join(staging, 'certifi/__pycache__'), { recursive: true });
      for (const file of files) await writeFile(join(staging, file), 'as installed');
    });
  const { dir } = await make();
  for (const file of files) await writeFile(join(dir, file), 'as installed, and more');
  assert.equal((await make()).reused, true);
});

test('a failed build leaves nothing, and the next one succeeds', async (t) => {
  const root = await temporaryFolder(t);
  const failing = cacheEntry(root, 'key', async () => {
    throw new Error('no network');
  });
  await assert.rejects(failing, /no network/);
  assert.equal((await cacheEntry(root, 'key', async () => {})).reused, false);
});
