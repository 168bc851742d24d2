import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tarOf } from '../../dashboard/src/views/models/tar.js';
import { UnpackBudget } from '../../src/datasets/archive/budget.js';
import { openTar } from '../../src/datasets/archive/tar.js';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-tar-'));
});
after(() => rm(folder, { recursive: true }));

const LIMITS = { max_images: 100, max_unpacked_bytes: 100_000 };
/** Short, not ASCII, and as long as the header holds (100 bytes), or longer. */
const NAMES = [
  'a.png',
  'grün 語.jpg',
  ...[87, 88, 96, 100, 101, 255].map((length) => `${'n'.repeat(length - 4)}.png`),
];

const files = (lastModified = 5) =>
  NAMES.map(
    (name, index) => new File([Buffer.alloc(index * 512 - (index % 2), index)], name, { lastModified }),
  );

test('the archive of chosen files is read by the service and by tar, with every name and byte', async () => {
  const path = join(folder, 'chosen.tar');
  await writeFile(path, Buffer.from(await tarOf(files()).arrayBuffer()));
  const entries = [];
  for await (const entry of (await openTar(path, false, new UnpackBudget(LIMITS))).entries()) {
    assert.ok(entry.kind === 'file');
    entries.push([entry.name, await entry.read(10_000)]);
  }
  const sent = files().map(async (file) => [file.name, Buffer.from(await file.arrayBuffer())]);
  assert.deepEqual(entries, await Promise.all(sent));
  const listed = execFileSync('tar', ['--quoting-style=literal', '-tf', path]).toString();
  assert.deepEqual(listed.trim().split('\n'), NAMES);
});

test('an upload of the same files goes on, and one of changed files begins anew', () => {
  const identity = ({ name, size, lastModified }: File) => [name, size, lastModified];
  assert.deepEqual(identity(tarOf(files())), identity(tarOf(files())));
  assert.notEqual(tarOf(files(6)).name, tarOf(files()).name);
  assert.notEqual(tarOf(files().reverse()).name, tarOf(files()).name);
});
