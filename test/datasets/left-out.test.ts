import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemList } from '../../src/datasets/problems.js';
import { makeIdx, makeNpy, rawImages } from './support/arrays.js';
import { imageFolder, makeImage, type NamedFile } from './support/images.js';
import { type Imported, importArchive, labelsOf } from './support/import.js';
import { makeZip } from './support/zip.js';

const X = Buffer.from('x');
const messages = ({ problems }: Imported) => problems.map(({ message }) => message);
const folder = () => imageFolder(['train', 'test'], ['a', 'b'], 2);

test('images with unusual file extensions, or with none, are taken', async (t) => {
  const jpeg = await makeImage(50, { kind: 'jpeg' });
  const names = ['x.jfif', 'x.jpe', 'x.JPG', 'no-ending', 'scan.0001', 'x.dat'];
  const files = await Promise.all(
    names.map(async (name, index) => ({
      name: `train/a/${name}`,
      bytes: index === 0 ? jpeg : await makeImage(60 + index),
    })),
  );
  const imported = await importArchive(t, makeZip([...(await folder()), ...files]));
  assert.equal(imported.success.train_count, 4 + names.length);
  assert.deepEqual(imported.problems, []);
});

test('images without a file extension are found by their bytes', async (t) => {
  const files = (await folder()).map(({ name, bytes }) => ({ name: name.replace('.png', ''), bytes }));
  const { success } = await importArchive(t, makeZip(files));
  assert.deepEqual([success.format, success.train_count, success.test_count], ['image-folder', 4, 4]);
});

test('pictures of other kinds are named with their kind', async (t) => {
  const files = await imageFolder(['train', 'test'], ['a', 'b'], 60);
  const ppm = (name: string) => ({ name, bytes: Buffer.from('P6 1 1 255\nabc') });
  const imported = await importArchive(t, makeZip([...files, ppm('train/a/x.ppm'), ppm('train/b/x.pgm')]));
  assert.deepEqual(
    imported.problems.map(({ code, file }) => [code, file]),
    [
      ['image_unsupported', 'train/a/x.ppm'],
      ['image_unsupported', 'train/b/x.pgm'],
    ],
  );
  assert.match(messages(imported)[0]!, /PPM, PGM or PBM/);
  const all = [...(await folder()), ppm('train/a/x.ppm')];
  await assert.rejects(importArchive(t, makeZip(all)), /PPM, PGM or PBM.*only JPEG, PNG and WebP/);
});

test('class folders without images are named, whether empty or with other files only', async (t) => {
  const others: NamedFile[] = [
    { name: 'train/empty/', bytes: Buffer.alloc(0) },
    { name: 'train/texts/notes.txt', bytes: X },
    { name: 'train/a/', bytes: Buffer.alloc(0) },
  ];
  const imported = await importArchive(t, makeZip([...(await folder()), ...others]));
  assert.deepEqual(imported.manifest.classes, ['a', 'b']);
  assert.deepEqual(messages(imported), [
    '1 left out: files that the format has no use for (train/texts/notes.txt)',
    '2 left out: folders of classes that hold no images (train/empty, train/texts)',
  ]);
});

test('checkpoint folders of notebooks are counted, and are not a class', async (t) => {
  const hidden = { name: 'train/.ipynb_checkpoints/0-checkpoint.png', bytes: await makeImage(90) };
  const imported = await importArchive(t, makeZip([...(await folder()), hidden]));
  assert.deepEqual(imported.manifest.classes, ['a', 'b']);
  assert.match(messages(imported)[0]!, /^1 left out: hidden files.*0-checkpoint\.png/);
});

test('a picture beside idx files or arrays is left out in every folder', async (t) => {
  const idx = [
    { name: 'train-images-idx3-ubyte', bytes: makeIdx([4, 2, 2], rawImages(4, 4)) },
    { name: 'train-labels-idx1-ubyte', bytes: makeIdx([4], Uint8Array.of(0, 1, 0, 1)) },
    { name: 't10k-images-idx3-ubyte', bytes: makeIdx([2, 2, 2], rawImages(2, 4, 50)) },
    { name: 't10k-labels-idx1-ubyte', bytes: makeIdx([2], Uint8Array.of(0, 1)) },
  ];
  const picture = { name: 'preview/samples.png', bytes: await makeImage(1) };
  for (const files of [
    [picture, ...idx],
    [...idx, picture],
  ]) {
    const imported = await importArchive(t, makeZip(files));
    assert.equal(imported.success.format, 'mnist');
    assert.deepEqual(messages(imported), [
      '1 left out: files that the format has no use for (preview/samples.png)',
    ]);
  }
});

test('an archive that holds two formats is refused until the request names one', async (t) => {
  const labels = Uint8Array.of(0, 1, 0, 1);
  const files = [
    { name: 'x_train.npy', bytes: makeNpy('|u1', [4, 2, 2], rawImages(4, 4)) },
    { name: 'y_train.npy', bytes: makeNpy('|u1', [4], labels) },
    { name: 'train-images-idx3-ubyte', bytes: makeIdx([4, 2, 2], rawImages(4, 4)) },
    { name: 'train-labels-idx1-ubyte', bytes: makeIdx([4], labels) },
  ];
  await assert.rejects(importArchive(t, makeZip(files)), /files of mnist and npz; say which as `format`/);
  const { success } = await importArchive(t, makeZip(files), { format: 'npz' });
  assert.equal(success.format, 'npz');
});

test('one image under two labels is named with both', async (t) => {
  const files = await folder();
  const copy = { name: 'train/b/copy.png', bytes: files[0]!.bytes };
  const imported = await importArchive(t, makeZip([...files, copy]));
  assert.deepEqual(messages(imported), [
    '1 images are there under another label too',
    'this image is b here and a as train/a/0.png',
  ]);
  assert.equal((await labelsOf(imported, 'train')).length, 5);
});

test('the number of skipped files is reported before single files, however many there are', () => {
  const problems = new ProblemList();
  for (let index = 0; index < 70; index++) problems.leaveOut('files of one kind', `${index}.txt`);
  for (let index = 0; index < 70; index++) problems.warn('image_unreadable', 'broken', `${index}.png`);
  const { problems: listed, problem_count } = problems.summary;
  assert.equal(listed[0]!.message, '70 left out: files of one kind (0.txt, 1.txt, 2.txt, 3.txt, 4.txt, ...)');
  assert.deepEqual([listed.length, problem_count], [50, 71]);
});
