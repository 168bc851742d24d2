import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { readTarHeader } from '../../src/datasets/archive/tar-header.js';
import { imageFolder, makeImage } from './support/images.js';
import { importArchive } from './support/import.js';
import { makeRawTar } from './support/raw-tar.js';
import { makeZip } from './support/zip.js';

const good = () => imageFolder(['train', 'test'], ['a', 'b'], 2);

test('file names do not decide the split', async (t) => {
  const names = ['test tubes.png', 'a train.png', 'val.png', 'plain.png'];
  const files = await Promise.all(
    ['a', 'b'].flatMap((folder, at) =>
      names.map(async (name, index) => ({
        name: `${folder}/${name}`,
        bytes: await makeImage(1 + 4 * at + index),
      })),
    ),
  );
  const { success, manifest } = await importArchive(t, makeZip(files));
  assert.deepEqual([success.train_count + success.test_count, manifest.classes], [8, ['a', 'b']]);
});

test('files are read by their bytes, with endings in capitals or of another kind', async (t) => {
  const others = [
    { name: 'train/a/x.JPEG', bytes: await makeImage(31, { kind: 'jpeg' }) },
    { name: 'train/b/x.JPG', bytes: await makeImage(32, { kind: 'webp' }) },
  ];
  const { success, problems } = await importArchive(t, makeZip([...(await good()), ...others]));
  assert.deepEqual([success.train_count, problems], [6, []]);
});

test('images in one folder are one class; images outside of folders are refused', async (t) => {
  const [first, second] = await good();
  const inOne = [first!, second!].map(({ bytes }, index) => ({ name: `photos/${index}.png`, bytes }));
  await assert.rejects(importArchive(t, makeZip(inOne)), /only one class, photos/);
  const inNone = inOne.map(({ name, bytes }) => ({ name: name.slice(7), bytes }));
  await assert.rejects(importArchive(t, makeZip(inNone)), /the name of its folder is its class/);
});

test('a size of 8 GiB and more in a tar is a binary number', () => {
  const header = makeRawTar([{ name: 'large.bin', magic: 'gnu' }]).subarray(0, 512);
  header.fill(0, 124, 136);
  header[124] = 0x80;
  header.writeBigUInt64BE(10_697_475_358n, 128);
  header.write('        ', 148, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  assert.equal(readTarHeader(header).sizeBytes, 10_697_475_358);
});

/** A gray PNG of 16 bits whose values end at `most`. */
async function deepImage(seed: number, max: number): Promise<Buffer> {
  const values = Uint16Array.from({ length: 256 }, (_, at) => ((at * (31 + 2 * seed)) % 256) * (max / 255));
  const raw = { width: 16, height: 16, channels: 1 as const };
  return sharp(values, { raw }).toColourspace('grey16').png().toBuffer();
}

test('images of 16 bits are read, and ones of 12 bits in 16 are refused with what to do', async (t) => {
  const folder = (max: number) =>
    Promise.all(
      ['train/a', 'train/b', 'test/a', 'test/b'].map(async (name, seed) => ({
        name: `${name}/0.png`,
        bytes: await deepImage(seed, max),
      })),
    );
  assert.equal((await importArchive(t, makeZip(await folder(65_535)))).success.train_count, 2);
  await assert.rejects(
    importArchive(t, makeZip(await folder(4_080))),
    /its values end at 40\d\d: it would be nearly black; scale the values/,
  );
});
