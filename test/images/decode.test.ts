import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import {
  centreSize,
  decodeCentre,
  decodeCrop,
  decodeFive,
  decodeImage,
  openImage,
} from '../../src/images/decode.js';

/** Colours that say where a pixel was: red grows to the right, green downwards. */
function gradient(width: number, height: number): Sharp {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels.set([(255 * x) / (width - 1), (255 * y) / (height - 1), 100], (y * width + x) * 3);
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

const opened = async (image: Sharp) => openImage(await image.toBuffer());
const shape = (side: number, channels = 3) => ({ width: side, height: side, channels });

test('a crop of the size of its target is those pixels', async () => {
  const raw = await gradient(60, 40).raw().toBuffer();
  const file = await opened(gradient(60, 40).png());
  const crop = { left: 7, top: 5, width: 10, height: 10 };
  const pixels = await decodeCrop(file, crop, shape(10));
  const expected = Array.from({ length: 10 }, (_, row) => {
    const start = ((5 + row) * 60 + 7) * 3;
    return [...raw.subarray(start, start + 30)];
  });
  assert.deepEqual([...pixels], expected.flat());
});

test('a JPEG is scaled down as it is decoded where the crop is much greater, and shows the same part', async () => {
  // Odd sides, which no factor divides.
  const jpeg = await opened(gradient(1001, 777).jpeg({ quality: 95 }));
  const png = await opened(gradient(1001, 777).png());
  for (const width of [900, 300, 130]) {
    const crop = { left: 61, top: 33, width, height: 600 };
    const [shrunk, whole] = await Promise.all([jpeg, png].map((file) => decodeCrop(file, crop, shape(64))));
    const difference = shrunk!.reduce((sum, value, at) => sum + Math.abs(value - whole![at]!), 0);
    // A pixel of the result spans up to 3.6 levels; half of one is what rounding the crop to whole small pixels costs.
    assert.ok(difference / shrunk!.length < 1.8, `${width}: ${difference / shrunk!.length} levels`);
    assert.deepEqual(await decodeCrop(jpeg, crop, shape(64)), shrunk);
  }
});

test('the crop of evaluation is the centre: 224/256 of the short side, the middle of the long one', async () => {
  assert.deepEqual(centreSize({ width: 500, height: 375 }, shape(224)), { width: 341, height: 256 });
  const pixels = await decodeCentre(await opened(gradient(400, 200).png()), shape(56));
  const at = (row: number, column: number) => [
    ...pixels.subarray((row * 56 + column) * 3, (row * 56 + column) * 3 + 2),
  ];
  // A crop of a 128 x 64 image: columns 36 to 91, rows 4 to 59, of 255 levels each.
  for (const [row, column] of [
    [0, 0],
    [0, 55],
    [55, 0],
    [55, 55],
    [30, 20],
  ] as const) {
    const [red, green] = at(row, column);
    assert.ok(Math.abs(red! - (255 * (36.5 + column)) / 128) < 2, `red ${red} at ${row}, ${column}`);
    assert.ok(Math.abs(green! - (255 * (4.5 + row)) / 64) < 4, `green ${green} at ${row}, ${column}`);
  }
});

test('five crops are the corners and the center of the resized image', async () => {
  const image = gradient(400, 200).png();
  const file = await opened(image);
  const raw = await sharp(file.bytes).resize(128, 64, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
  const cropAt = (left: number, top: number) =>
    Array.from({ length: 56 }, (_, row) => {
      const start = ((top + row) * 128 + left) * 3;
      return [...raw.subarray(start, start + 56 * 3)];
    }).flat();
  const crops = (await decodeFive(file, shape(56))).map((crop) => [...crop]);
  // The image has 72 columns and 8 rows more than a crop.
  assert.deepEqual(crops, [cropAt(0, 0), cropAt(72, 0), cropAt(0, 8), cropAt(72, 8), cropAt(36, 4)]);
  assert.deepEqual(crops[4], [...(await decodeCentre(file, shape(56)))]);
});

test('the centre covers its target for all sides', async () => {
  const side = fc.integer({ min: 1, max: 5000 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 8, max: 512 }), (width, height, target) => {
      const whole = centreSize({ width, height }, shape(target));
      assert.ok(Math.min(whole.width, whole.height) >= target);
      assert.ok(Math.abs(Math.min(whole.width, whole.height) - (target * 256) / 224) <= 0.5);
    }),
  );
});

test('every kind of image is decoded to the requested number of channels', async () => {
  const image = () => gradient(20, 20);
  const kinds = {
    grey: image().toColourspace('b-w').jpeg(),
    transparent: image().ensureAlpha(0.5).png(),
    'grey and transparent': image().ensureAlpha(0.5).toColourspace('b-w').png(),
    '16 bits': image().toColourspace('rgb16').png(),
    palette: image().png({ palette: true }),
    CMYK: image().toColourspace('cmyk').jpeg(),
    WebP: image().webp(),
  };
  for (const [kind, encoded] of Object.entries(kinds)) {
    const file = await opened(encoded);
    for (const channels of [1, 3]) {
      assert.equal(
        (await decodeImage(file, channels)).length,
        400 * channels,
        `${kind}, ${channels} channels`,
      );
      assert.equal((await decodeCentre(file, shape(8, channels))).length, 64 * channels, kind);
      const crop = { left: 1, top: 2, width: 17, height: 18 };
      assert.equal((await decodeCrop(file, crop, shape(8, channels))).length, 64 * channels, kind);
    }
  }
});
