import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classificationLoss } from '../../../src/trainer/objective/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, upload } from '../../../src/trainer/runtime/index.js';

const IMAGES = 5;
const CLASSES = 4;
const LABELS = [3, 0, 1, 1, 2];

function randomLogits(): number[] {
  const random = randomStream(1, 'logits');
  return Array.from({ length: IMAGES * CLASSES }, () => Math.fround(3 * normal(random)));
}

/** The formulas in float64: targets, cross-entropy per image, and (softmax - target) / images. */
function reference(logits: readonly number[], smoothing: number) {
  const losses: number[] = [];
  const cotangent: number[] = [];
  LABELS.forEach((label, image) => {
    const row = logits.slice(image * CLASSES, (image + 1) * CLASSES);
    const sum = row.reduce((total, value) => total + Math.exp(value), 0);
    const targets = row.map((_, index) => (index === label ? 1 - smoothing : 0) + smoothing / CLASSES);
    losses.push(
      targets.reduce((loss, target, index) => loss - target * Math.log(Math.exp(row[index]!) / sum), 0),
    );
    row.forEach((value, index) => {
      cotangent.push((Math.exp(value) / sum - targets[index]!) / IMAGES);
    });
  });
  return { losses, cotangent };
}

function computed(logits: readonly number[], smoothing: number) {
  return arena(() => {
    const labels = upload(Int32Array.from(LABELS), [IMAGES]);
    const uploaded = upload(Float32Array.from(logits), [IMAGES, CLASSES]);
    const { losses, cotangent } = classificationLoss(uploaded, labels, smoothing);
    return { losses: [...read(losses)], cotangent: [...read(cotangent)] };
  });
}

for (const smoothing of [0, 0.1, 0.7]) {
  test(`label smoothing ${smoothing}: losses and cotangent equal the float64 formulas`, () => {
    const before = liveTensors();
    const logits = randomLogits();
    const [actual, expected] = [computed(logits, smoothing), reference(logits, smoothing)];
    for (const part of ['losses', 'cotangent'] as const) {
      expected[part].forEach((value, index) => {
        // float32 rounding of an exponential and a logarithm of values up to about 10
        assert.ok(Math.abs(value - actual[part][index]!) < 2e-6, `${part}[${index}]`);
      });
    }
    assert.equal(liveTensors(), before);
  });
}
