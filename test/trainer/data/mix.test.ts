import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNCHANGED_IMAGES } from '../../../src/trainer/data/augment.js';
import { drawMix, type Mix, mixImages, mixOfStep } from '../../../src/trainer/data/mix.js';
import { labelTargets } from '../../../src/trainer/objective/batch-loss.js';
import { beta, randomStream } from '../../../src/trainer/random.js';

const IMAGE = { height: 6, width: 4, channels: 2 };
const SIZE = IMAGE.height * IMAGE.width * IMAGE.channels;
const BATCH = 5;

const random = randomStream(1, 'pixels');
const BEFORE = Float32Array.from({ length: BATCH * SIZE }, () => random() - 0.5);

function mixed(mix: Mix): Float32Array {
  const images = BEFORE.slice();
  mixImages(images, IMAGE, mix, new Float32Array(images.length));
  return images;
}

const drawn = (steps: number, augmentation: { mixup: number; cutmix: number }) =>
  Array.from({ length: steps }, (_, step) => drawMix(augmentation, IMAGE, BATCH, { seed: 3, step })!);

test('the partners of a batch are a permutation, and its mix depends on seed and step alone', () => {
  const mixes = drawn(40, { mixup: 0.4, cutmix: 1 });
  for (const { partners, share } of mixes) {
    assert.deepEqual([...partners].sort(), [0, 1, 2, 3, 4]);
    assert.ok(share >= 0 && share <= 1);
  }
  assert.deepEqual(mixes, drawn(40, { mixup: 0.4, cutmix: 1 }));
  assert.equal(new Set(mixes.map(({ partners }) => partners.join())).size > 30, true, 'steps differ');
  const cut = mixes.filter(({ box }) => box !== null).length;
  // 20 of 40 expected, standard deviation 3.2: five of them
  assert.ok(Math.abs(cut - 20) <= 16 && cut > 0, 'with both, a batch draws one of the two');
  assert.equal(drawMix({ mixup: 0, cutmix: 0 }, IMAGE, BATCH, { seed: 3, step: 0 }), null);
});

test('mix_switch is the share of batches that are cut, and a run of mix_off_epochs ends without mixed batches', () => {
  const both = { mixup: 0.4, cutmix: 1 };
  const of = (mix_switch: number) =>
    Array.from({ length: 30 }, (_, step) =>
      drawMix({ ...both, mix_switch }, IMAGE, BATCH, { seed: 3, step }),
    );
  assert.ok(of(0).every((mix) => mix?.box === null));
  assert.ok(of(1).every((mix) => mix?.box));
  const augmentation = { ...UNCHANGED_IMAGES, mixup: 1, mix_off_epochs: 2 };
  // Three steps an epoch; the seventh image fills no batch.
  const run = { seed: 3, batchSize: 2, samples: 7, epochs: 5, augmentation };
  const mixed = Array.from({ length: 15 }, (_, step) => mixOfStep(run, IMAGE, step) !== null);
  assert.deepEqual(mixed, [...Array(9).fill(true), ...Array(6).fill(false)]);
});

// Oracle of augmentation mixup.
test('mixup: each pixel is the mean of both images in float64, by the share of their labels', () => {
  for (const mix of drawn(5, { mixup: 1, cutmix: 0 })) {
    const after = mixed(mix);
    mix.partners.forEach((partner, position) => {
      for (let place = 0; place < SIZE; place++) {
        const [own, other] = [BEFORE[position * SIZE + place]!, BEFORE[partner * SIZE + place]!];
        const expected = Math.fround(mix.share * own + (1 - mix.share) * other);
        assert.equal(after[position * SIZE + place], expected);
      }
    });
  }
});

// Oracle of augmentation cutmix.
test('cutmix: the share of a label is the share of the pixels that are its own, also at the edges of the image', () => {
  let atEdge = 0;
  for (const mix of drawn(60, { mixup: 0, cutmix: 1 })) {
    const after = mixed(mix);
    const position = mix.partners.findIndex((partner, own) => partner !== own);
    if (position < 0) continue;
    const own = BEFORE.subarray(position * SIZE, (position + 1) * SIZE);
    const partner = mix.partners[position]!;
    const other = BEFORE.subarray(partner * SIZE, (partner + 1) * SIZE);
    const shown = after.subarray(position * SIZE, (position + 1) * SIZE);
    const kept = shown.filter((value, place) => value === own[place]).length;
    assert.equal(shown.filter((value, place) => value === other[place]).length, SIZE - kept);
    assert.ok(Math.abs(mix.share - kept / SIZE) < 1e-12, 'float64 rounds the share');
    const { top, left } = mix.box!;
    if (kept < SIZE && (top === 0 || left === 0)) atEdge++;
  }
  assert.ok(atEdge > 0, 'some boxes are cut off by the edge');
});

test('labels are mixed in float64: targets have the sum 1, weights of classes count by their share', () => {
  const labelValues = Int32Array.of(2, 0);
  const mix = { partners: Uint32Array.of(1, 0), share: 0.3 };
  const plain = labelTargets({ labelValues, mix }, 3, 0);
  assert.deepEqual([...plain.targets], [0.7, 0, 0.3, 0.3, 0, 0.7]);
  assert.deepEqual([...plain.weights], [1, 1]);
  const classWeights = Float32Array.of(2, 1, 0.5);
  const { targets, weights } = labelTargets({ labelValues, mix, classWeights }, 3, 0.1);
  // 0.3 x 0.5 + 0.7 x 2 and 0.3 x 2 + 0.7 x 0.5
  assert.deepEqual([...weights], [0.15 + 1.4, 0.6 + 0.35]);
  const smoothed = (part: number, whole: number) => 0.1 / 3 + (0.9 * part) / whole;
  assert.deepEqual(
    [...targets].map((value) => value.toFixed(12)),
    [
      smoothed(1.4, 1.55),
      0.1 / 3,
      smoothed(0.15, 1.55),
      smoothed(0.6, 0.95),
      0.1 / 3,
      smoothed(0.35, 0.95),
    ].map((value) => value.toFixed(12)),
  );
});

test('shares have the mean and the variance of a beta distribution', () => {
  for (const shape of [0.2, 1, 3]) {
    const stream = randomStream(1, 'beta', shape);
    const draws = Array.from({ length: 20_000 }, () => beta(shape, stream));
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const variance = draws.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / draws.length;
    // Variance 1 / (4 (2 a + 1)); the standard errors of both are below 0.0032.
    assert.ok(Math.abs(mean - 0.5) < 0.015, `${shape}: ${mean}`);
    assert.ok(Math.abs(variance - 1 / (4 * (2 * shape + 1))) < 0.015, `${shape}: ${variance}`);
  }
});
