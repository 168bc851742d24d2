import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatasetLayout } from '../../src/contract/importer-protocol.js';
import { FolderTree, placeOf } from '../../src/datasets/formats/layout.js';
import { imageFolder, makeImage } from './support/images.js';
import { importArchive } from './support/import.js';
import { makeZip } from './support/zip.js';

/** Split and class of each path, under the layout that all of them suggest. */
function read(paths: readonly string[], asked: DatasetLayout = 'auto', root: string | null = null) {
  const tree = new FolderTree();
  for (const path of paths) tree.add(path);
  const layout = tree.layout(asked, root);
  return paths.map((path) => {
    const place = placeOf(layout, path);
    return place && `${place.split} ${place.className}`;
  });
}

test('folders of splits are recognized below any folder that holds nothing else', () => {
  assert.deepEqual(read(['train/cat/1.png', 'test/dog/1.png']), ['train cat', 'test dog']);
  assert.deepEqual(read(['a/b/Train/cat/1.png', 'a/b/VALID/dog/x/1.png']), ['train cat', 'validation dog']);
  assert.deepEqual(read(['train/cat/1.png', 'train/dog/1.png']), ['train cat', 'train dog']);
});

test('a folder called training that holds the splits is not a split', () => {
  const paths = ['training/train/cat/1.png', 'training/train/dog/1.png', 'training/test/cat/1.png'];
  assert.deepEqual(read(paths), ['train cat', 'train dog', 'test cat']);
});

test('a class may be called train, test or val', () => {
  assert.deepEqual(read(['bus/1.png', 'train/1.png']), ['none bus', 'none train']);
  assert.deepEqual(read(['data/bus/1.png', 'data/test/1.png']), ['none bus', 'none test']);
  const split = ['train/train/1.png', 'train/bus/1.png', 'test/train/1.png', 'test/bus/1.png'];
  assert.deepEqual(read(split), ['train train', 'train bus', 'test train', 'test bus']);
  assert.deepEqual(read(['train/1.png', 'test/1.png'], 'no-splits'), ['none train', 'none test']);
});

test('the first folder is the class where there are no splits', () => {
  assert.deepEqual(read(['flowers/rose/0.png', 'flowers/tulip/0.png']), ['none rose', 'none tulip']);
  assert.deepEqual(read(['cat/images/0.png', 'dog/images/0.png']), ['none cat', 'none dog']);
});

test('a root selects the folder of the dataset', () => {
  const paths = ['old/train/cat/1.png', 'new/train/cat/1.png', 'new/test/cat/1.png'];
  assert.deepEqual(read(paths, 'auto', './new/'), [null, 'train cat', 'test cat']);
  assert.deepEqual(read(['a/b/cat/1.png', 'a/c/dog/1.png'], 'no-splits', 'a'), ['none b', 'none c']);
  assert.throws(() => read(paths, 'auto', 'elsewhere'), /no images in the folder elsewhere/);
});

test('a layout decides the meaning of folders, and skips files without a place in it', () => {
  const paths = ['train/cat/1.png', 'test/cat/1.png', 'extra/cat/1.png'];
  assert.deepEqual(read(paths, 'splits'), ['train cat', 'test cat', null]);
  assert.deepEqual(read(paths, 'no-splits'), ['none train', 'none test', 'none extra']);
  assert.throws(() => read(['a/1.png', 'b/1.png'], 'splits'), /holds no folders train, val or test/);
});

test('folders that could be read in two ways are refused with what to send', () => {
  assert.throws(() => read(['train/cat/1.png', 'extra/cat/1.png']), /in neither \(extra\); send `layout`/);
  assert.throws(() => read(['train/1.png', 'test/1.png']), /lie in no folder of a class.*no-splits/s);
});

test('images that a layout leaves out are counted and named, and do not change what is stored', async (t) => {
  const files = await imageFolder(['train', 'test'], ['a', 'b'], 2);
  const extra = { name: 'preview.png', bytes: await makeImage(99, { height: 100, width: 90 }) };
  const archive = makeZip([...files, extra, { name: 'more/c/x.png', bytes: extra.bytes }]);
  const { manifest, problems } = await importArchive(t, archive, { layout: 'splits' });
  assert.deepEqual([manifest.storage, manifest.classes], ['pixels', ['a', 'b']]);
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['2 left out: images outside of the folders that `layout` and `root` name (preview.png, more/c/x.png)'],
  );
});

test('images deeper than the folder of their class are reported', async (t) => {
  const files = await imageFolder([''], ['a', 'b/inner'], 2);
  const { manifest, problems } = await importArchive(t, makeZip(files));
  assert.deepEqual(manifest.classes, ['a', 'b']);
  assert.deepEqual(
    problems.map(({ code, file }) => [code, file]),
    [['folders_merged', 'b/inner/0.png']],
  );
});

test('other formats have neither a layout nor folders to order', async (t) => {
  const archive = makeZip([{ name: 'x_train.npy' }]);
  await assert.rejects(importArchive(t, archive, { layout: 'splits' }), /only image folders have a layout/);
  await assert.rejects(importArchive(t, archive, { class_order: 'text' }), /leave `class_order` out/);
});
