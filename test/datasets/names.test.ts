import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageFolder, type NamedFile } from './support/images.js';
import { importArchive } from './support/import.js';
import { makeRawTar } from './support/raw-tar.js';
import { makeTar } from './support/tar.js';
import { makeZip } from './support/zip.js';

/** The files with names in bytes. */
async function named(toBytes: (name: string) => Buffer, classes: readonly string[]) {
  const files = await imageFolder(['train', 'test'], classes, 2);
  return files.map(({ name, bytes }) => ({ name: toBytes(name), bytes }));
}

const utf8 = (name: string) => Buffer.from(name);
const latin1 = (name: string) => Buffer.from(name, 'latin1');
const codesOf = (problems: readonly { readonly code: string }[]) => problems.map(({ code }) => code);

test('names that begin with ./, as tar -C folder . writes them, are read without it', async (t) => {
  const files = await imageFolder(['train', 'test'], ['a', 'b'], 2);
  const dotted: NamedFile[] = files.map(({ name, bytes }) => ({ name: `./${name}`, bytes }));
  const plain = await importArchive(t, await makeTar(files, true));
  const folders = [
    { name: './', type: 'directory' as const },
    { name: './train/', type: 'directory' as const },
  ];
  const other = await importArchive(t, await makeTar([...folders, ...dotted], true));
  assert.deepEqual(other.manifest, plain.manifest);
  assert.deepEqual(other.problems, []);
});

test('a zip whose names have backslashes, as tools of Windows wrote them, is read', async (t) => {
  const files = await imageFolder(['train', 'test'], ['a', 'b'], 2);
  const slashed = await importArchive(t, makeZip(files));
  const turned = files.map(({ name, bytes }) => ({ name: name.replaceAll('/', '\\'), bytes }));
  const { manifest, problems } = await importArchive(t, makeZip([{ name: 'train\\' }, ...turned]));
  assert.deepEqual([manifest, problems], [slashed.manifest, []]);
});

test('names in UTF-8 are read in tar, and in zip with the flag for UTF-8 or without it', async (t) => {
  const files = await named(utf8, ['日本', 'über']);
  for (const archive of [makeZip(files), makeZip(files, { isFlagged: false }), makeRawTar(files)]) {
    const { manifest, problems } = await importArchive(t, archive);
    assert.deepEqual([manifest.classes, problems], [['über', '日本'], []]);
  }
});

test('names in Latin-1 stay distinct, and are reported', async (t) => {
  const files = await named(latin1, ['café', 'cafè']);
  const tar = await importArchive(t, makeRawTar(files));
  assert.deepEqual(tar.manifest.classes, ['cafè', 'café']);
  assert.deepEqual(codesOf(tar.problems), ['names_guessed']);
  assert.match(tar.problems[0]!.message, /^8 names are not UTF-8.*train\/café\/0\.png/);
  const zip = await importArchive(t, makeZip(files, { isFlagged: false }));
  assert.equal(new Set(zip.manifest.classes).size, 2);
  assert.deepEqual(codesOf(zip.problems), ['names_guessed']);
});

test('two classes whose names differ only behind 200 characters, or in control characters, are refused', async (t) => {
  for (const names of [['a', 'b'].map((end) => 'x'.repeat(201) + end), ['one\u0001', 'one\u0002']]) {
    const archive = makeZip(await imageFolder(['train', 'test'], names, 2));
    await assert.rejects(
      importArchive(t, archive),
      /two classes are called .*differ in their first 200 characters/,
    );
  }
});

test('a class whose name is composed and decomposed Unicode is one class, and this is reported', async (t) => {
  const files = await imageFolder(['train', 'test'], ['café', 'b'], 2);
  const mixed = files.map(({ name, bytes }) => ({
    name: name.startsWith('test') ? name.normalize('NFD') : name.normalize('NFC'),
    bytes,
  }));
  const { manifest, problems } = await importArchive(t, makeZip(mixed));
  assert.deepEqual(manifest.classes, ['b', 'café'.normalize('NFC')]);
  assert.deepEqual(codesOf(problems), ['names_merged']);
});
