import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { channelStatistics, PixelHistogram } from '../../src/contract/channel-statistics.js';
import {
  type DatasetManifest,
  decodeManifest,
  encodeManifest,
  InvalidManifestError,
} from '../../src/contract/dataset-manifest.js';
import { decodeOffsets, encodeOffsets } from '../../src/contract/dataset-offsets.js';

const blob = (digit: string) => `sha256:${digit.repeat(64)}` as const;
const split = { count: 3, images: blob('a'), offsets: blob('b'), labels: blob('c') };
const ENCODED = {
  name: 'birds',
  storage: 'encoded',
  image: { height: 224, width: 224, channels: 3 },
  classes: ['crow', 'owl'],
  splits: { train: split, test: { ...split, count: 0 } },
  mean: [120, 115, 100],
  standard_deviation: [58, 57, 57],
} satisfies DatasetManifest;
const { offsets: _, ...pixelSplit } = split;
const PIXELS = { ...ENCODED, storage: 'pixels', splits: { train: pixelSplit, test: pixelSplit } } as const;

const written = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

test('a manifest that was written is read with equal content', () => {
  for (const manifest of [ENCODED, PIXELS])
    assert.deepEqual(decodeManifest(encodeManifest(manifest)), manifest);
});

/** An invalid manifest, and the beginning of the error. */
const FAULTS: readonly (readonly [unknown, RegExp])[] = [
  [null, /manifest must be an object/],
  [{ ...ENCODED, name: 7 }, /name must be a string/],
  [{ ...ENCODED, storage: undefined }, /storage must be 'pixels' or 'encoded'/],
  [{ ...ENCODED, image: undefined }, /image\.height must be/],
  [{ ...ENCODED, image: { ...ENCODED.image, width: 0 } }, /image\.width must be/],
  [{ ...ENCODED, image: { ...ENCODED.image, channels: 4 } }, /image\.channels must be 1 or 3/],
  [{ ...ENCODED, classes: [] }, /classes must be 1 to 65536 names/],
  [{ ...ENCODED, classes: ['crow', 1] }, /classes must be a list of names/],
  [{ ...ENCODED, mean: [1, 2] }, /mean must be one number per channel/],
  [{ ...ENCODED, mean: [1, 2, null] }, /mean must be one number per channel/],
  [{ ...ENCODED, standard_deviation: [1, 0, 1] }, /standard_deviation must be one number above 0/],
  [{ ...ENCODED, splits: { train: split } }, /splits\.test is missing/],
  [
    { ...ENCODED, splits: { ...ENCODED.splits, train: { ...split, count: 1.5 } } },
    /splits\.train\.count must/,
  ],
  [{ ...PIXELS, storage: 'encoded' }, /splits\.train\.offsets must be a blob's sha256 uri/],
  [
    { ...PIXELS, splits: { ...PIXELS.splits, test: { ...split, images: '../x' } } },
    /splits\.test\.images must/,
  ],
];

test('an invalid manifest is refused with the name of the field, when it is read and when it is written', () => {
  for (const [manifest, message] of FAULTS) {
    const refused = (error: unknown) => error instanceof InvalidManifestError && message.test(error.message);
    assert.throws(() => decodeManifest(written(manifest)), refused);
    assert.throws(() => encodeManifest(manifest as DatasetManifest), refused);
  }
  assert.throws(() => decodeManifest(Uint8Array.of(123)), /manifest must be JSON/);
});

test('offsets are the running sums of any lengths', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 2 ** 31 }), { maxLength: 50 });
  fc.assert(
    fc.property(lengths, (given) => {
      const total = given.reduce((sum, length) => sum + length, 0);
      const offsets = decodeOffsets(encodeOffsets(given), given.length, total);
      assert.deepEqual(
        given.map((_length, index) => offsets[index + 1]! - offsets[index]!),
        given,
      );
      assert.throws(
        () => decodeOffsets(encodeOffsets(given), given.length, total + 1),
        /but the images have/,
      );
      assert.throws(
        () => decodeOffsets(encodeOffsets(given), given.length + 1, total),
        /offsets have \d+ bytes/,
      );
    }),
  );
});

test('offsets that go back, or give an image no bytes, name the image', () => {
  const bytes = encodeOffsets([5, 5, 5]);
  new DataView(bytes.buffer).setBigUint64(16, 4n, true);
  assert.throws(() => decodeOffsets(bytes, 3, 15), /offsets give image 1 no bytes/);
  assert.throws(() => decodeOffsets(encodeOffsets([5, 0]), 2, 5), /image 1/);
  bytes[0] = 1;
  assert.throws(() => decodeOffsets(bytes, 3, 15), /offsets must begin at 0/);
});

test('statistics of images counted one by one are those of all of them; a constant channel has deviation 1', () => {
  const images = Uint8Array.of(1, 9, 3, 9, 5, 9, 7, 9);
  const histogram = new PixelHistogram(2);
  for (const start of [0, 4]) histogram.add(images.subarray(start, start + 4));
  assert.deepEqual(histogram.statistics(), { mean: [4, 9], standard_deviation: [Math.sqrt(5), 1] });
  assert.deepEqual(channelStatistics(images, 2), histogram.statistics());
});
