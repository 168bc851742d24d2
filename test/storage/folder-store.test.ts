import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createFolderStore } from '../../src/storage/folder-store.js';
import { openBlobStore } from '../../src/storage/open.js';
import { conformance } from './blob-store.conformance.js';

const roots: string[] = [];
async function newRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'strata-store-'));
  roots.push(root);
  return root;
}
after(() => Promise.all(roots.map((root) => rm(root, { recursive: true }))));

conformance('folder', { grainMs: 10 }, async () => {
  const root = await newRoot();
  const store = createFolderStore(root);
  return {
    store,
    damage: async (uri) => writeFile(await store.localPath(uri), 'other bytes'),
    reopen: () => createFolderStore(root),
  };
});

test('a folder store leaves no temporary file behind', async () => {
  const root = await newRoot();
  const store = createFolderStore(root);
  await store.put(new Uint8Array([1, 2, 3]));
  assert.deepEqual(await readdir(join(root, 'tmp')), []);
});

test('BLOB_URL: file: is a folder, an unknown kind is refused with the remedy', async () => {
  const store = openBlobStore(pathToFileURL(await newRoot()).href);
  assert.equal(await store.exists(`sha256:${'0'.repeat(64)}`), false);
  assert.throws(() => openBlobStore('https://host/blobs'), /BLOB_URL must be file:\/\/\/.* or s3:\/\/bucket/);
});
