import assert from 'node:assert/strict';
import { test } from 'node:test';
import { weightsOfClasses } from '../../../src/trainer/data/class-weights.js';
import { batchLoss } from '../../../src/trainer/objective/batch-loss.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, upload } from '../../../src/trainer/runtime/index.js';

const CLASSES = 3;
const LABELS = Int32Array.of(2, 0, 0, 1);
const WEIGHTS = Float32Array.of(0.25, 1, 4);
/** float32 rounding of an exponential and a logarithm of values up to about 10, times a weight of 4. */
const TOLERANCE = 8e-6;

const random = randomStream(1, 'logits');
const LOGITS = Float32Array.from({ length: LABELS.length * CLASSES }, () => 3 * normal(random));

/** W (softmax - t) / B and W CE(t) in float64, t = (1 - s) onehot + s / C. */
function reference(smoothing: number) {
  const losses: number[] = [];
  const cotangent: number[] = [];
  LABELS.forEach((label, image) => {
    const row = [...LOGITS.subarray(image * CLASSES, (image + 1) * CLASSES)];
    const sum = row.reduce((total, value) => total + Math.exp(value), 0);
    const targets = row.map((_, index) => (index === label ? 1 - smoothing : 0) + smoothing / CLASSES);
    const weight = WEIGHTS[label]!;
    losses.push(
      weight *
        targets.reduce((loss, target, index) => loss - target * Math.log(Math.exp(row[index]!) / sum), 0),
    );
    row.forEach((value, index) => {
      cotangent.push((weight * (Math.exp(value) / sum - targets[index]!)) / LABELS.length);
    });
  });
  return { losses, cotangent };
}

function computed(smoothing: number, classWeights?: Float32Array) {
  return arena(() => {
    const labels = upload(LABELS, [LABELS.length]);
    const logits = upload(LOGITS, [LABELS.length, CLASSES]);
    const made = batchLoss(
      logits,
      { labels, labelValues: LABELS, ...(classWeights && { classWeights }) },
      smoothing,
    );
    return { losses: [...read(made.losses)], cotangent: [...read(made.cotangent)] };
  });
}

// Oracle of class_weights none, balanced.
for (const smoothing of [0, 0.2]) {
  test(`class weights with label smoothing ${smoothing}: losses and cotangent equal the float64 formulas`, () => {
    const before = liveTensors();
    const [actual, expected] = [computed(smoothing, WEIGHTS), reference(smoothing)];
    for (const part of ['losses', 'cotangent'] as const) {
      expected[part].forEach((value, index) => {
        assert.ok(Math.abs(value - actual[part][index]!) < TOLERANCE, `${part}[${index}]`);
      });
    }
    assert.notDeepEqual(actual, computed(smoothing), 'without weights it is another loss');
    assert.equal(liveTensors(), before);
  });
}

test('balanced weights give each class the same total weight, and the images the mean weight 1', () => {
  // 95 images of class 0, none of class 1, five of class 2.
  const labels = Uint16Array.from({ length: 100 }, (_, image) => (image < 95 ? 0 : 2));
  const weights = weightsOfClasses('balanced', labels, CLASSES)!;
  assert.deepEqual([...weights], [Math.fround(100 / 190), 1, 10]);
  assert.equal(weightsOfClasses('none', labels, CLASSES), null);
  assert.deepEqual([...weightsOfClasses([1, 2, 0.5], labels, CLASSES)!], [1, 2, 0.5]);
});
