import assert from 'node:assert/strict';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createFolderStore } from '../../src/storage/folder-store.js';
import { PinnedFiles } from '../../src/storage/pinned-files.js';
import { temporaryFolder } from '../provision/temporary.js';

async function textsOf(pins: PinnedFiles): Promise<string[]> {
  const texts: string[] = [];
  for await (const { path } of pins.files()) texts.push(await readFile(path, 'utf8'));
  return texts.sort();
}

test('pinned files outlive their deletion; a second pin adds what is new', async (t) => {
  const root = await temporaryFolder(t);
  const store = createFolderStore(root);
  const pins = new PinnedFiles(root);
  const { uri } = await store.put(Buffer.from('old'));
  const draft = await store.createSpool('import_1/source');
  await writeFile(draft.path, 'upload');
  await pins.pin();
  await store.deleteBlob(uri);
  await store.put(Buffer.from('new'));
  await draft.commit();
  await pins.pin();
  await store.deleteSpool('import_1/');
  assert.deepEqual(await textsOf(pins), ['new', 'old', 'upload']);
  await pins.release();
  await assert.rejects(access(join(root, 'pinned')));
  assert.equal(await store.exists(uri), false, 'what was deleted stays deleted');
});
