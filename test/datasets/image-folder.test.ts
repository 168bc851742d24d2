import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { decodeOffsets } from '../../src/contract/dataset-offsets.js';
import { imageFolder, makeImage, pixelsOf } from './support/images.js';
import { imagesOf, importArchive, labelsOf } from './support/import.js';
import { makeZip } from './support/zip.js';

const SPLITS = ['train', 'test'];

test('small images of one size become arrays of pixels with their labels', async (t) => {
  const files = await imageFolder(SPLITS, ['cat', 'ant'], 3);
  const imported = await importArchive(t, makeZip(files.map((file) => ({ ...file, deflate: true }))));
  const { success, manifest } = imported;
  assert.deepEqual(
    [success.format, manifest.storage, manifest.image, manifest.classes],
    ['image-folder', 'pixels', { height: 16, width: 16, channels: 3 }, ['ant', 'cat']],
  );
  assert.deepEqual([success.train_count, success.test_count, success.problem_count], [6, 6, 0]);
  // Images 1 to 6 train, the first three of them cats.
  const images = await imagesOf(imported, 'train');
  const labels = await labelsOf(imported, 'train');
  const seeds = labels.map((_, index) => seedOf(images.subarray(index * 768, (index + 1) * 768), 12));
  assert.deepEqual([...seeds].sort(), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(
    labels,
    seeds.map((seed) => (seed <= 3 ? 1 : 0)),
  );
});

function seedOf(pixels: Buffer, max: number): number {
  for (let seed = 1; seed <= max; seed++) if (pixelsOf(seed, 16, 16).equals(pixels)) return seed;
  throw new Error('these are the pixels of no image');
}

test('mean and deviation are those of the training pixels', async (t) => {
  const imported = await importArchive(t, makeZip(await imageFolder(SPLITS, ['a', 'b'], 4)));
  const pixels = await imagesOf(imported, 'train');
  for (const channel of [0, 1, 2]) {
    const values = pixels.filter((_, index) => index % 3 === channel);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Sums of whole numbers are exact; one division and one root follow.
    assert.ok(Math.abs(imported.success.mean[channel]! - mean) < 1e-9);
    assert.ok(Math.abs(imported.success.standard_deviation[channel]! - Math.sqrt(variance)) < 1e-9);
  }
});

test('images of mixed or larger sizes are stored as the files that were uploaded', async (t) => {
  const large = await imageFolder(SPLITS, ['a', 'b'], 2, { kind: 'jpeg', height: 80, width: 100 });
  const odd = {
    name: 'train/a/odd.webp',
    bytes: await makeImage(99, { kind: 'webp', height: 70, width: 70 }),
  };
  const imported = await importArchive(t, makeZip([...large, odd]));
  const { manifest, blobs } = imported;
  assert.equal(manifest.storage, 'encoded');
  assert.deepEqual(manifest.image, { height: 80, width: 80, channels: 3 });
  if (manifest.storage !== 'encoded') return;
  const { count, images, offsets } = manifest.splits.train;
  const bytes = Buffer.from(await blobs.get(images));
  const starts = decodeOffsets(await blobs.get(offsets), count, bytes.length);
  const stored = Array.from({ length: count }, (_, index) =>
    bytes.subarray(starts[index], starts[index + 1]),
  );
  const sent = [...large.filter(({ name }) => name.startsWith('train')), odd].map((file) => file.bytes);
  const asText = (buffers: Buffer[]) => buffers.map((buffer) => buffer.toString('hex')).sort();
  assert.deepEqual(asText(stored), asText(sent));
});

test('gray images have one channel, and an asked-for size and gray are what is stored', async (t) => {
  const gray = await imageFolder(SPLITS, ['a', 'b'], 2, { gray: true });
  assert.equal((await importArchive(t, makeZip(gray))).manifest.image.channels, 1);
  const colour = makeZip(await imageFolder(SPLITS, ['a', 'b'], 2, { height: 80, width: 70 }));
  const { manifest } = await importArchive(t, colour, { image: { height: 24, width: 20, channels: 1 } });
  assert.deepEqual([manifest.storage, manifest.image], ['pixels', { height: 24, width: 20, channels: 1 }]);
});

test('a tree without splits is split by content, independent of names and order', async (t) => {
  const files = await imageFolder([''], ['a', 'b'], 10);
  const renamed = files
    .toReversed()
    .map(({ name, bytes }, index) => ({ name: `${name[0]}/x${index}.png`, bytes }));
  const [first, second] = [await importArchive(t, makeZip(files)), await importArchive(t, makeZip(renamed))];
  assert.deepEqual([first.success.train_count, first.success.test_count], [18, 2]);
  assert.deepEqual(second.manifest, first.manifest);
  const third = await importArchive(t, makeZip(files), { test_share: 0.3 });
  assert.equal(third.success.test_count, 6);
});

test('images that are in both splits are reported by name', async (t) => {
  const files = await imageFolder(SPLITS, ['a', 'b'], 3);
  // The same pixels in another file.
  const copy = await sharp(files[0]!.bytes).png({ compressionLevel: 1 }).toBuffer();
  const { problems } = await importArchive(t, makeZip([...files, { name: 'test/a/copy.png', bytes: copy }]));
  assert.deepEqual(
    problems.map(({ code, severity, file }) => [code, severity, file]),
    [
      ['splits_overlap', 'warning', null],
      ['splits_overlap', 'warning', 'test/a/copy.png'],
    ],
  );
});

test('one broken image in a hundred is left out and named', async (t) => {
  const files = await imageFolder(SPLITS, ['a', 'b'], 30);
  const broken = { name: 'train/a/broken.png', bytes: files[0]!.bytes.subarray(0, 60) };
  const { success, problems } = await importArchive(t, makeZip([...files, broken]));
  assert.equal(success.train_count, 60);
  assert.deepEqual(
    problems.map(({ code, severity, file }) => [code, severity, file]),
    [['image_unreadable', 'warning', 'train/a/broken.png']],
  );
});

test('files that systems leave in archives, nested archives and other files are left out with a count and names', async (t) => {
  const files = await imageFolder(SPLITS, ['a', 'b'], 2);
  const others = ['__MACOSX/train/a/._0.png', 'train/a/.DS_Store', 'README.md', 'labels.csv', 'more.zip'];
  const archive = makeZip([...files, ...others.map((name) => ({ name, bytes: Buffer.from('x') }))]);
  const { success, problems } = await importArchive(t, archive);
  assert.equal(success.train_count, 4);
  assert.deepEqual(
    problems.map(({ code, message }) => [code, message]),
    [
      [
        'entry_ignored',
        '2 left out: hidden files and those of the operating system (__MACOSX/train/a/._0.png, train/a/.DS_Store)',
      ],
      ['entry_ignored', '2 left out: files that the format has no use for (README.md, labels.csv)'],
      ['entry_ignored', '1 left out: archives within the archive, which are not opened (more.zip)'],
    ],
  );
});

test('classes that are numbers are in the order of numbers, or in that of text where it is asked for', async (t) => {
  const names = ['10', '9', '0'];
  const archive = makeZip(await imageFolder(SPLITS, names, 1));
  const { manifest } = await importArchive(t, archive);
  assert.deepEqual(manifest.classes, ['0', '9', '10']);
  const { manifest: asText } = await importArchive(t, archive, { class_order: 'text' });
  assert.deepEqual(asText.classes, ['0', '10', '9']);
});
