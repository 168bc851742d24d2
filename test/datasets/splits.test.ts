import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitOf } from '../../src/contract/dataset-manifest.js';
import { openSplit } from '../../src/trainer/data/open-split.js';
import { makeNpy, makeNpz, rawImages } from './support/arrays.js';
import { imageFolder, makeImage } from './support/images.js';
import { type Imported, importArchive, labelsOf } from './support/import.js';
import { makeZip } from './support/zip.js';

const counts = ({ success }: Imported) => [success.train_count, success.validation_count, success.test_count];

test('a validation split stays one beside a test split, and trainers read it', async (t) => {
  const files = await imageFolder(['train', 'val', 'test'], ['a', 'b'], 3);
  const imported = await importArchive(t, makeZip(files));
  assert.deepEqual(counts(imported), [6, 6, 6]);
  assert.deepEqual(imported.problems, []);
  const reader = await openSplit(imported.manifest, 'validation', imported.blobs);
  t.after(() => reader.close());
  assert.deepEqual([...reader.labels], await labelsOf(imported, 'validation'));
  assert.equal(reader.count, 6);
});

test('a validation split without a test split stays separate, and the images held out for testing are reported', async (t) => {
  const files = await imageFolder(['train', 'valid'], ['a', 'b'], 10);
  const imported = await importArchive(t, makeZip(files), { test_share: 0.2 });
  assert.deepEqual(counts(imported), [16, 20, 4]);
  assert.deepEqual(
    imported.problems.map(({ code, severity }) => [code, severity]),
    [['test_held_out', 'warning']],
  );
  assert.match(imported.problems[0]!.message, /4 training images/);
});

test('images that stay files have a validation split with offsets', async (t) => {
  const size = { height: 80, width: 100 };
  const imported = await importArchive(
    t,
    makeZip(await imageFolder(['train', 'val', 'test'], ['a', 'b'], 1, size)),
  );
  assert.equal(imported.manifest.storage, 'encoded');
  assert.ok('offsets' in splitOf(imported.manifest, 'validation'));
});

test('arrays may have a validation split, by the names of Keras and of MedMNIST', async (t) => {
  const labels = makeNpy('|u1', [4], Uint8Array.of(0, 1, 0, 1));
  const images = (seed: number) => makeNpy('|u1', [4, 2, 2], rawImages(4, 4, seed));
  const namings = [
    ['x_train', 'y_train', 'x_val', 'y_val', 'x_test', 'y_test'],
    ['train_images', 'train_labels', 'val_images', 'val_labels', 'test_images', 'test_labels'],
  ];
  for (const names of namings) {
    const arrays = names.map((name, index) => [name, index % 2 === 0 ? images(20 * index) : labels] as const);
    assert.deepEqual(counts(await importArchive(t, makeNpz(Object.fromEntries(arrays)))), [4, 4, 4]);
  }
});

test('a trainer that asks for a missing validation split gets an error', async (t) => {
  const { manifest } = await importArchive(t, makeZip(await imageFolder(['train', 'test'], ['a', 'b'], 1)));
  assert.throws(() => splitOf(manifest, 'validation'), /splits\.validation is missing/);
});

test('a class that is missing from a split is reported by its own name', async (t) => {
  const files = await imageFolder(['train', 'test'], ['zebra', 'ant'], 2);
  // Met first, last in the order of names: its label is not its place.
  const only = (split: string) => files.filter(({ name }) => !name.startsWith(`${split}/zebra`));
  const refused = (split: string, message: RegExp) =>
    assert.rejects(importArchive(t, makeZip(only(split))), message);
  await refused('train', /1 of 2 classes have no images for training: zebra$/);
  await refused('test', /1 of 2 classes have no images for testing: zebra$/);
  const missing = [...files, { name: 'val/ant/0.png', bytes: await makeImage(77) }];
  const { problems } = await importArchive(t, makeZip(missing));
  assert.deepEqual(
    problems.map(({ code, severity, message }) => [code, severity, message]),
    [['dataset_incomplete', 'warning', '1 of 2 classes have no images for validation: zebra']],
  );
});

test('images shared by two splits are reported for each pair of splits', async (t) => {
  const files = await imageFolder(['train', 'val', 'test'], ['a', 'b'], 2);
  const copies = ['val/a/copy.png', 'test/a/copy.png'].map((name) => ({ name, bytes: files[0]!.bytes }));
  const { problems } = await importArchive(t, makeZip([...files, ...copies]));
  assert.deepEqual(
    problems.filter(({ file }) => file === null).map(({ message }) => message),
    [
      '1 of 5 test images are also in the training split',
      '1 of 5 validation images are also in the training split',
      '1 of 5 test images are also in the validation split',
    ],
  );
});
