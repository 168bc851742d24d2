import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SplitName } from '../../src/contract/dataset-manifest.js';
import { METADATA_LIMITS } from '../../src/contract/dataset-metadata.js';
import { CsvError, readCsv } from '../../src/datasets/metadata/csv.js';
import type { ImportError } from '../../src/datasets/problems.js';
import { imageFolder, makeImage } from './support/images.js';
import { type Imported, importArchive } from './support/import.js';
import { makeZip } from './support/zip.js';

const csv = (name: string, ...lines: string[]) => ({ name, bytes: Buffer.from(lines.join('\n')) });

/** Four images a split, named by folder, class and number, with their pixels. */
const folder = () => imageFolder(['train', 'test'], ['a', 'b'], 2);

/** The values of each image of a split in a column, as the files of the dataset have them. */
async function valuesOf({ manifest, blobs }: Imported, split: SplitName, name: string) {
  const place = manifest.metadata?.findIndex((column) => column.name === name) ?? -1;
  const { count, metadata } = manifest.splits[split] ?? assert.fail('it has the split');
  const bytes = await blobs.get(metadata ?? assert.fail('it has metadata'));
  const codes = new Uint16Array(Uint8Array.from(bytes).buffer).subarray(place * count, (place + 1) * count);
  return [...codes].map((code) => (code === 0 ? null : manifest.metadata?.[place]?.values[code - 1]));
}

/** The first byte of each image, by which it is found after the import has sorted the images. */
async function firstBytes({ manifest, blobs }: Imported, split: SplitName): Promise<number[]> {
  const { count, images } = manifest.splits[split] ?? assert.fail('it has the split');
  const bytes = await blobs.get(images);
  return Array.from({ length: count }, (_, image) => bytes[(image * bytes.length) / count]!);
}

test('CSV is read by RFC 4180, with the line of each record', () => {
  const text = 'a,b\r\n"x, ""y""\nz",1\n\n,\nlast,"2"';
  assert.deepEqual(
    [...readCsv(text)],
    [
      { line: 1, fields: ['a', 'b'] },
      { line: 2, fields: ['x, "y"\nz', '1'] },
      { line: 5, fields: ['', ''] },
      { line: 6, fields: ['last', '2'] },
    ],
  );
  const lineOf = (broken: string) => {
    try {
      return [...readCsv(broken)].length * 0;
    } catch (error) {
      return error instanceof CsvError ? error.line : -1;
    }
  };
  assert.deepEqual([lineOf('a\n"b\nc'), lineOf('a\n\n"b" c'), lineOf('"b"\r\n')], [2, 3, 0]);
});

test('each image keeps its values, whatever the order of the files and the lines', async (t) => {
  const seeds = [10, 60, 110, 160, 210, 250];
  const images = await Promise.all(
    seeds.map(async (seed, index) => ({
      name: `set/${index < 4 ? 'train' : 'test'}/${index % 2 ? 'dog' : 'cat'}/${index}.png`,
      bytes: await makeImage(seed),
    })),
  );
  const train = csv(
    'set/train/metadata.csv',
    'site,file_name,year',
    'north,dog/3.png,2024',
    '"a, b",cat/0.png,',
    'north,cat/2.png,2025',
  );
  const tests = csv(
    'set/test/metadata.jsonl',
    '{"file_name": "./cat/4.png", "year": 2024, "site": null}',
    '',
  );
  const imported = await importArchive(t, makeZip([train, ...images, tests]));
  assert.deepEqual(imported.problems, []);
  assert.deepEqual(imported.manifest.metadata, [
    { name: 'site', values: ['a, b', 'north'] },
    { name: 'year', values: ['2024', '2025'] },
  ]);
  assert.deepEqual(imported.success.metadata, [
    { name: 'site', values: 2, missing: 3 },
    { name: 'year', values: 2, missing: 3 },
  ]);
  // makeImage begins with 57 times its seed.
  const byte = (seed: number) => (57 * seed) % 256;
  const wanted = new Map([
    [byte(10), ['a, b', null]],
    [byte(60), [null, null]],
    [byte(110), ['north', '2025']],
    [byte(160), ['north', '2024']],
    [byte(210), [null, '2024']],
    [byte(250), [null, null]],
  ]);
  for (const split of ['train', 'test'] as const) {
    const [first, site, year] = await Promise.all([
      firstBytes(imported, split),
      valuesOf(imported, split, 'site'),
      valuesOf(imported, split, 'year'),
    ]);
    for (const [place, own] of first.entries()) assert.deepEqual([site[place], year[place]], wanted.get(own));
  }
  const again = await importArchive(t, makeZip([tests, ...images.toReversed(), train]));
  assert.deepEqual(again.manifest, imported.manifest);
});

test('metadata changes no other file of a dataset, and without it the manifest says nothing of it', async (t) => {
  const plain = await importArchive(t, makeZip(await folder()));
  assert.equal('metadata' in plain.manifest, false);
  assert.deepEqual(Object.keys(plain.manifest.splits.train), ['count', 'images', 'labels']);
  const named = await importArchive(t, makeZip([...(await folder()), csv('metadata.csv', 'file_name,site')]));
  assert.equal(named.success.manifest.uri, plain.success.manifest.uri, 'no line is about an image');
  const [first] = await folder();
  const full = await importArchive(
    t,
    makeZip([...(await folder()), csv('metadata.csv', 'file_name,site', `${first?.name},A`)]),
  );
  const { metadata: _, ...train } = full.manifest.splits.train;
  assert.deepEqual(train, plain.manifest.splits.train);
});

test('a metadata file that cannot be read is refused by file and line', async (t) => {
  const [{ name = '' } = {}] = await folder();
  const columns = Array.from({ length: METADATA_LIMITS.columns + 1 }, (_, index) => `c${index}`);
  const refused: readonly [ReturnType<typeof csv>, RegExp][] = [
    [csv('metadata.csv', 'name,site', `${name},A`), /line 1 names no column file_name/],
    [csv('metadata.csv', 'file_name,site,site'), /line 1 names the column 'site' twice/],
    [csv('metadata.csv', 'file_name,site', name), /line 2 has 1 fields, but line 1 names 2 columns/],
    [csv('metadata.csv', 'file_name,site', '"x'), /line 2 a quote opens a field/],
    [csv('metadata.csv', 'file_name,site', ',A'), /line 2 has no file_name/],
    [
      csv('metadata.csv', 'file_name,site', 'none.png,A'),
      /line 2 names none\.png, which is no image of the archive/,
    ],
    [
      csv('metadata.csv', 'file_name,site', `${name},A`, `${name},B`),
      /line 3 is about .* as line 2 of metadata\.csv is/,
    ],
    [
      csv('metadata.csv', `file_name,${columns}`, `${name},${columns}`),
      /line 2 has one column too many; at most 32/,
    ],
    [
      csv('metadata.csv', `file_name,${'x'.repeat(65)}`, `${name},1`),
      /line 2 has a column whose name is longer than 64/,
    ],
    [
      csv('metadata.csv', 'file_name,site', '../x.png,A'),
      /line 2 names \.\.\/x\.png: .* leads out of the archive/,
    ],
    [csv('metadata.csv'), /the file is empty/],
    [{ name: 'metadata.csv', bytes: Buffer.from([0xff, 0xfe]) }, /the file is not UTF-8/],
    [csv('metadata.jsonl', '{"file_name": 1', ''), /line 1 is not JSON/],
    [csv('metadata.jsonl', '', '[1]'), /line 2 is no JSON object/],
    [csv('metadata.jsonl', '{"site": "A"}'), /line 1 has no file_name/],
  ];
  for (const [file, why] of refused)
    await assert.rejects(importArchive(t, makeZip([...(await folder()), file])), (error: ImportError) => {
      assert.deepEqual([error.code, error.file], ['metadata_invalid', file.name]);
      assert.match(error.message, why);
      return true;
    });
});

test('a column of free text is left out and said, and a line about an image that is left out is no mistake', async (t) => {
  const files = await imageFolder(['train', 'test'], ['a', 'b'], 70);
  const broken = { name: 'train/a/broken.png', bytes: Buffer.from('no image') };
  const lines = files.map(
    ({ name }, index) => `${name},${index % 2},text ${index},${'x'.repeat(index === 0 ? 101 : 1)}`,
  );
  const table = csv('metadata.csv', 'file_name,half,caption,long', ...lines, 'train/a/broken.png,0,,');
  const imported = await importArchive(t, makeZip([...files, broken, table]));
  assert.deepEqual(imported.manifest.metadata, [{ name: 'half', values: ['0', '1'] }]);
  const said = imported.problems.filter(({ code }) => code === 'metadata_left_out');
  assert.deepEqual(
    said.map(({ message }) => message),
    [
      'the column caption is not kept: line 258 has its 257th value; group the values, so that at most 256 differ',
      'the column long is not kept: the value on line 2 has more than 100 characters, or control characters; shorten it',
    ],
  );
  const boxes = csv('metadata.jsonl', JSON.stringify({ file_name: files[0]?.name, box: [1, 2], half: true }));
  const { manifest } = await importArchive(t, makeZip([...files, boxes]));
  assert.deepEqual(manifest.metadata, [{ name: 'half', values: ['true'] }]);
});
