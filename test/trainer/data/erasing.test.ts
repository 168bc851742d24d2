import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMirroredInTurn } from '../../../src/trainer/data/augment.js';
import { drawErasing } from '../../../src/trainer/data/erasing.js';
import { randomStream } from '../../../src/trainer/random.js';

const IMAGE = { height: 40, width: 60 };
const DRAWS = 2000;

// Oracle of augmentation random_erasing.
test('an erased rectangle lies within the image, with the area and the ratio of the paper', () => {
  const drawn = Array.from({ length: DRAWS }, (_, index) =>
    drawErasing(0.5, IMAGE, randomStream(1, 'erase', index)),
  );
  const erased = drawn.filter((rectangle) => rectangle !== null);
  // 1000 expected, standard deviation 22: five of them
  assert.ok(Math.abs(erased.length - DRAWS / 2) < 112, String(erased.length));
  for (const { top, left, height, width } of erased) {
    assert.ok(top >= 0 && left >= 0 && top + height <= IMAGE.height && left + width <= IMAGE.width);
    const share = (height * width) / (IMAGE.height * IMAGE.width);
    // Sides are rounded to whole pixels.
    assert.ok(share > 0.015 && share < 0.35, String(share));
    assert.ok(height / width > 0.25 && height / width < 3.8, `${height}x${width}`);
  }
  assert.ok(erased.some(({ height, width }) => height > 2 * width));
  assert.ok(erased.some(({ height, width }) => width > 2 * height));
  assert.equal(drawErasing(0, IMAGE, randomStream(1, 'erase', 0)), null);
});

// Oracle of augmentation.flip alternating.
test('an alternating flip mirrors each image in every other epoch, half of them in the first', () => {
  const mirrored = (index: number, epoch: number) =>
    isMirroredInTurn(epoch, randomStream(1, 'first-flip', index));
  const images = Array.from({ length: DRAWS }, (_, index) => index);
  for (const index of images) {
    const epochs = [0, 1, 2, 3].map((epoch) => mirrored(index, epoch));
    assert.deepEqual(epochs, [epochs[0], !epochs[0], epochs[0], !epochs[0]]);
  }
  // 1000 expected, standard deviation 22: five of them
  assert.ok(Math.abs(images.filter((index) => mirrored(index, 0)).length - DRAWS / 2) < 112);
});
