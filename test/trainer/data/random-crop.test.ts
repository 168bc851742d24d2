import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { drawCrop } from '../../../src/trainer/data/random-crop.js';
import { randomStream } from '../../../src/trainer/random.js';

const IMAGENET = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] } satisfies Parameters<typeof drawCrop>[0];

test('crops lie within the image for all sizes and ranges', () => {
  const side = fc.integer({ min: 1, max: 3000 });
  const pair = (least: number, most: number) =>
    fc
      .tuple(
        fc.double({ min: least, max: most, noNaN: true }),
        fc.double({ min: least, max: most, noNaN: true }),
      )
      .map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a]));
  fc.assert(
    fc.property(side, side, pair(1e-6, 1), pair(0.1, 10), fc.nat(), (width, height, scale, ratio, seed) => {
      const draw = () => drawCrop({ scale, ratio }, { width, height }, randomStream(seed, 'crop'));
      const crop = draw();
      assert.ok(crop.left >= 0 && crop.top >= 0 && crop.width >= 1 && crop.height >= 1, JSON.stringify(crop));
      assert.ok(crop.left + crop.width <= width && crop.top + crop.height <= height, JSON.stringify(crop));
      assert.ok(Object.values(crop).every(Number.isInteger));
      assert.deepEqual(draw(), crop);
    }),
    { numRuns: 2000 },
  );
});

test('areas and ratios are drawn over their ranges, and places evenly', () => {
  const image = { width: 500, height: 500 };
  const random = randomStream(5, 'crops');
  const count = 20_000;
  const places: number[] = [];
  const ratios: number[] = [];
  let area = 0;
  for (let draw = 0; draw < count; draw++) {
    const { left, top, width, height } = drawCrop(IMAGENET, image, random);
    area += (width * height) / 250_000;
    ratios.push(Math.log(width / height));
    if (width < 500) places.push(left / (500 - width));
    if (height < 500) places.push(top / (500 - height));
    // Rounding a side moves the ratio by up to a pixel in 122, the shortest side.
    assert.ok(width / height > 0.74 && width / height < 1.35);
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  // Uniform over 0..1 in steps of a pixel: standard error 0.289 / sqrt(40,000); five of them.
  assert.ok(Math.abs(mean(places) - 0.5) < 0.0073, `places: ${mean(places)}`);
  // Log-uniform and symmetric about 0: standard error 0.166 / sqrt(20,000).
  assert.ok(Math.abs(mean(ratios)) < 0.0059, `ratios: ${mean(ratios)}`);
  // In a square, a draw fits if area <= exp(-|log ratio|). With L = log(4/3), the mean area of these draws is (7/32
  // - 0.08^2 L) / 2 / (1/4 - 0.08 L) = 0.4778; standard error 0.25 / sqrt(20,000).
  assert.ok(Math.abs(area / count - 0.4778) < 0.0089, `area: ${area / count}`);
});

test('the center is used if no draw fits, as large as the ratios allow', () => {
  const random = randomStream(1, 'crop');
  assert.deepEqual(drawCrop(IMAGENET, { width: 1000, height: 10 }, random), {
    left: 493,
    top: 0,
    width: 13,
    height: 10,
  });
  assert.deepEqual(drawCrop(IMAGENET, { width: 10, height: 1000 }, random), {
    left: 0,
    top: 493,
    width: 10,
    height: 13,
  });
});
