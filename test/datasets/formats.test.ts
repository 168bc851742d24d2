import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { makeIdx, makeNpy, makeNpz, rawImages } from './support/arrays.js';
import { imageFolder } from './support/images.js';
import { type Imported, imagesOf, importArchive, labelsOf } from './support/import.js';
import { makeTar } from './support/tar.js';
import { makeZip } from './support/zip.js';

const TRAIN = 12;
const TEST = 6;

/** Checks that a split holds exactly these images with their labels, in any order. */
async function assertHolds(
  imported: Imported,
  split: 'train' | 'test',
  images: Buffer,
  labels: readonly number[],
): Promise<void> {
  const bytes = images.length / labels.length;
  const asText = (pixels: Buffer, of: readonly number[]) =>
    of.map((label, index) => `${label} ${pixels.toString('hex', index * bytes, (index + 1) * bytes)}`).sort();
  const stored = asText(await imagesOf(imported, split), await labelsOf(imported, split));
  assert.deepEqual(stored, asText(images, labels));
}

const labelsUpTo = (count: number, classes: number) =>
  Array.from({ length: count }, (_, index) => index % classes);

test('MNIST’s four files, in gzip or not, in zip or tar', async (t) => {
  const [train, testing] = [rawImages(TRAIN, 20), rawImages(TEST, 20, 100)];
  const files = [
    { name: 'data/train-images-idx3-ubyte', bytes: makeIdx([TRAIN, 5, 4], train) },
    { name: 'data/train-labels-idx1-ubyte', bytes: makeIdx([TRAIN], Uint8Array.from(labelsUpTo(TRAIN, 3))) },
    { name: 'data/t10k-images-idx3-ubyte', bytes: makeIdx([TEST, 5, 4], testing) },
    { name: 'data/t10k-labels-idx1-ubyte', bytes: makeIdx([TEST], Uint8Array.from(labelsUpTo(TEST, 3))) },
  ];
  const packed = files.map(({ name, bytes }) => ({ name: `${name}.gz`, bytes: gzipSync(bytes) }));
  const first = await importArchive(t, makeZip(files));
  assert.deepEqual(
    [first.success.format, first.manifest.image, first.manifest.classes],
    ['mnist', { height: 5, width: 4, channels: 1 }, ['0', '1', '2']],
  );
  await assertHolds(first, 'train', train, labelsUpTo(TRAIN, 3));
  await assertHolds(first, 'test', testing, labelsUpTo(TEST, 3));
  for (const archive of [makeZip(packed), await makeTar(files), await makeTar(packed, true)]) {
    assert.deepEqual((await importArchive(t, archive)).manifest, first.manifest);
  }
});

/** CIFAR keeps each channel apart. */
function toPlanes(images: Buffer): Buffer {
  return Buffer.from(
    images.map((_, at) => {
      const image = at - (at % 3072);
      const [channel, pixel] = [Math.floor((at % 3072) / 1024), at % 1024];
      return images[image + 3 * pixel + channel]!;
    }),
  );
}

function records(images: Buffer, labels: readonly (readonly number[])[]): Buffer {
  const planes = toPlanes(images);
  return Buffer.concat(
    labels.flatMap((own, index) => [Buffer.from(own), planes.subarray(index * 3072, (index + 1) * 3072)]),
  );
}

test('CIFAR-10 and CIFAR-100 in their binary versions', async (t) => {
  const [train, testing] = [rawImages(20, 3072), rawImages(10, 3072, 100)];
  const tens = labelsUpTo(20, 10);
  const names = [...'abcdefghij'].map((letter) => `class ${letter}`);
  const ten = await importArchive(
    t,
    await makeTar(
      [
        { name: 'cifar-10-batches-bin/batches.meta.txt', bytes: Buffer.from(`${names.join('\n')}\n\n`) },
        {
          name: 'cifar-10-batches-bin/data_batch_1.bin',
          bytes: records(
            train.subarray(0, 30_720),
            tens.slice(0, 10).map((label) => [label]),
          ),
        },
        { name: 'cifar-10-batches-bin/readme.html', bytes: Buffer.from('<html>') },
        {
          name: 'cifar-10-batches-bin/data_batch_2.bin',
          bytes: records(
            train.subarray(30_720),
            tens.slice(10).map((label) => [label]),
          ),
        },
        {
          name: 'cifar-10-batches-bin/test_batch.bin',
          bytes: records(
            testing,
            labelsUpTo(10, 10).map((label) => [label]),
          ),
        },
      ],
      true,
    ),
  );
  assert.deepEqual([ten.success.format, ten.manifest.classes], ['cifar', names]);
  await assertHolds(ten, 'train', train, tens);
  await assertHolds(ten, 'test', testing, labelsUpTo(10, 10));
  const hundred = await importArchive(
    t,
    await makeTar([
      {
        name: 'cifar-100-binary/train.bin',
        bytes: records(
          train,
          labelsUpTo(20, 5).map((label) => [19, label]),
        ),
      },
      {
        name: 'cifar-100-binary/test.bin',
        bytes: records(
          testing,
          labelsUpTo(10, 5).map((label) => [19, label]),
        ),
      },
    ]),
  );
  assert.deepEqual(hundred.manifest.classes, ['0', '1', '2', '3', '4']);
  await assertHolds(hundred, 'train', train, labelsUpTo(20, 5));
});

/** Written by Python itself, as its `pickle` writes what CIFAR's files hold; arrays by hand, for NumPy may not be there. */
const PICKLES = `
import io, pickle, struct, sys, tarfile
def array(data, rows):
    out = b'cnumpy.core.multiarray\\n_reconstruct\\nq\\x01cnumpy\\nndarray\\nq\\x02K\\x00\\x85q\\x03U\\x01bq\\x04\\x87Rq\\x05('
    out += b'K\\x01K' + bytes([rows]) + b'M' + struct.pack('<H', 3072) + b'\\x86cnumpy\\ndtype\\nq\\x06U\\x02u1K\\x00K\\x01\\x87Rq\\x07'
    out += b'(K\\x03U\\x01|NNNJ\\xff\\xff\\xff\\xffJ\\xff\\xff\\xff\\xffK\\x00tb\\x89T' + struct.pack('<i', len(data)) + data + b'tb'
    return out
def batch(data, labels):
    rest = b''.join(b'K' + bytes([label]) for label in labels)
    return b'\\x80\\x02}q\\x00(U\\x04data' + array(data, len(labels)) + b'U\\x06labels](' + rest + b'eu.'
raw = sys.stdin.buffer.read()
out = tarfile.open(fileobj=sys.stdout.buffer, mode='w|')
def add(name, data):
    info = tarfile.TarInfo('cifar-10-batches-py/' + name)
    info.size = len(data)
    out.addfile(info, io.BytesIO(data))
labels = [index % 10 for index in range(10)]
add('data_batch_1', batch(raw[:30720], labels))
add('test_batch', batch(raw[30720:], labels))
for protocol in (2, 4):
    add('batches.meta', pickle.dumps({'label_names': ['c%d' % index for index in range(10)], 'num_vis': 3072}, protocol))
out.close()
`;

test('CIFAR in its Python version: pickles are read, never run', async (t) => {
  const [train, testing] = [rawImages(10, 3072), rawImages(10, 3072, 100)];
  const input = Buffer.concat([toPlanes(train), toPlanes(testing)]);
  const archive = execFileSync('python3', ['-c', PICKLES], { input, maxBuffer: 2 ** 24 });
  const imported = await importArchive(t, archive);
  assert.deepEqual(
    imported.manifest.classes,
    Array.from({ length: 10 }, (_, index) => `c${index}`),
  );
  await assertHolds(imported, 'train', train, labelsUpTo(10, 10));
  await assertHolds(imported, 'test', testing, labelsUpTo(10, 10));
});

test('NumPy arrays, with a test split or without', async (t) => {
  const [train, testing] = [rawImages(TRAIN, 48), rawImages(TEST, 48, 100)];
  const wide = (labels: number[]) => Buffer.from(BigInt64Array.from(labels.map(BigInt)).buffer);
  const arrays = {
    x_train: makeNpy('|u1', [TRAIN, 4, 4, 3], train),
    y_train: makeNpy('<i8', [TRAIN], wide(labelsUpTo(TRAIN, 2))),
  };
  const both = await importArchive(
    t,
    makeNpz({
      ...arrays,
      x_test: makeNpy('|u1', [TEST, 4, 4, 3], testing),
      y_test: makeNpy('|u1', [TEST, 1], Uint8Array.from(labelsUpTo(TEST, 2))),
    }),
  );
  assert.deepEqual([both.success.format, both.manifest.image], ['npz', { height: 4, width: 4, channels: 3 }]);
  await assertHolds(both, 'train', train, labelsUpTo(TRAIN, 2));
  await assertHolds(both, 'test', testing, labelsUpTo(TEST, 2));
  const alone = await importArchive(t, makeNpz(arrays), { test_share: 0.5 });
  assert.deepEqual([alone.success.train_count, alone.success.test_count], [6, 6]);
});

test('an image folder in tar, plain and in gzip, is what it is in zip', async (t) => {
  const files = await imageFolder(['train', 'test'], ['a', 'b'], 2);
  const zip = await importArchive(t, makeZip(files));
  for (const gzip of [false, true]) {
    assert.deepEqual((await importArchive(t, await makeTar(files, gzip))).manifest, zip.manifest);
  }
});
