import assert from 'node:assert/strict';
import { access, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { adoptUpload } from '../../../src/jobs/lifecycle/receive-upload.js';
import { sha256OfFile } from '../../../src/storage/files.js';
import { openBlobStore } from '../../../src/storage/open.js';
import { temporaryFolder } from '../../provision/temporary.js';

test('a file on the disk of the store is adopted by a second name, without being copied or read', async (t) => {
  const root = await temporaryFolder(t);
  const blobs = openBlobStore(pathToFileURL(join(root, 'blobs')).href);
  const path = join(root, 'upload');
  await writeFile(path, 'abc');
  const upload = await adoptUpload(path, blobs);
  assert.deepEqual([upload.sha256, upload.sizeBytes], [null, 3]);
  const { uri } = await upload.keep();
  const adopted = await blobs.localPath(uri);
  assert.equal((await stat(adopted)).ino, (await stat(path)).ino);
  const hash = await sha256OfFile(adopted, new AbortController().signal);
  assert.equal(hash, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('a file that is adopted and discarded stays where it was', async (t) => {
  const root = await temporaryFolder(t);
  const path = join(root, 'upload');
  await writeFile(path, 'abc');
  const upload = await adoptUpload(path, openBlobStore(pathToFileURL(join(root, 'blobs')).href));
  await upload.discard();
  await access(path);
});
