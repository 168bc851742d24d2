import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageFolder } from './support/images.js';
import { importArchive } from './support/import.js';
import { makeRawTar, paxRecords, type RawEntry } from './support/raw-tar.js';

const good = () => imageFolder(['train', 'test'], ['a', 'b'], 2);

/** The archive with `entry` in the middle of its images. */
async function archiveWith(...entries: RawEntry[]): Promise<Buffer> {
  const files = await good();
  return makeRawTar([...files.slice(0, 3), ...entries, ...files.slice(3)]);
}

test('archives of version 7 of Unix, ustar and GNU tar hold the same', async (t) => {
  const files = await good();
  const [first, ...others] = await Promise.all(
    (['v7', 'ustar', 'gnu'] as const).map((magic) =>
      importArchive(
        t,
        makeRawTar([{ name: 'train/', magic, type: '\0' }, ...files.map((file) => ({ ...file, magic }))]),
      ),
    ),
  );
  for (const other of others) assert.deepEqual([other.manifest, other.problems], [first!.manifest, []]);
});

test('labels and folder lists of GNU tar are skipped', async (t) => {
  const archive = await archiveWith(
    { name: 'my backup', type: 'V', magic: 'gnu' },
    { name: 'train/', type: 'D', magic: 'gnu', bytes: Buffer.from('Y0.png\0\0') },
  );
  const { success, problems } = await importArchive(t, archive);
  assert.equal(success.train_count, 4);
  assert.deepEqual(
    problems.map(({ message }) => message),
    ["1 left out: the archive's label (my backup)"],
  );
});

test('sparse files and parts of archives are refused with the command that avoids them', async (t) => {
  const sparse = await archiveWith({ name: 'train/a/x.png', type: 'S', magic: 'gnu' });
  await assert.rejects(importArchive(t, sparse), /sparse file; make the archive without --sparse/);
  const pax = await archiveWith(
    {
      name: 'PaxHeaders/x',
      type: 'x',
      bytes: paxRecords({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'x' }),
    },
    { name: 'train/a/x.png', bytes: Buffer.from('x') },
  );
  await assert.rejects(importArchive(t, pax), /sparse file/);
  const volume = await archiveWith({ name: 'train/a/x.png', type: 'M', magic: 'gnu' });
  await assert.rejects(importArchive(t, volume), /several volumes/);
  const unknown = await archiveWith({ name: 'train/a/x.png', type: 'Q' });
  await assert.rejects(importArchive(t, unknown), /unknown kind "Q"/);
});

test('long names are read from headers of GNU and PAX; the comment that git writes is not a name', async (t) => {
  const files = await good();
  const long = `train/a/${'x'.repeat(150)}.png`;
  const bytes = files[5]!.bytes;
  const archive = await archiveWith(
    { name: 'pax_global_header', type: 'g', bytes: paxRecords({ comment: 'f00' }) },
    { name: '././@LongLink', type: 'L', magic: 'gnu', bytes: Buffer.from(`${long}\0`) },
    { name: 'short.png', bytes, magic: 'gnu' },
    {
      name: 'x',
      type: 'x',
      bytes: paxRecords({ mtime: '1.5', path: 'test/b/é.png', size: `${bytes.length}` }),
    },
    { name: 'short.png', bytes },
  );
  const { success } = await importArchive(t, archive);
  assert.deepEqual([success.train_count, success.test_count], [5, 5]);
});

test('an extended header is read in one pass, and one of megabytes is refused', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 40_000 }, (_, index) => [`k${index}`, 'v']));
  const fine = await archiveWith({ name: 'x', type: 'x', bytes: paxRecords(many) });
  assert.equal((await importArchive(t, fine)).success.train_count, 4);
  const large = await archiveWith({ name: 'x', type: 'x', bytes: Buffer.alloc(4 * 2 ** 20, 'x') });
  await assert.rejects(importArchive(t, large), /extended header has 4194304 bytes; 1048576 are allowed/);
  const malformed = await archiveWith({ name: 'x', type: 'x', bytes: Buffer.from('99 path=x\n') });
  await assert.rejects(importArchive(t, malformed), /extended header is malformed/);
});

test('an archive without its end is read, and this is reported', async (t) => {
  const { problems } = await importArchive(t, makeRawTar(await good(), false));
  assert.deepEqual(
    problems.map(({ code, severity }) => [code, severity]),
    [['archive_damaged', 'warning']],
  );
});
