import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodePredictions,
  encodePredictions,
  InvalidPredictionsError,
  type TestPredictions,
} from '../../../src/contract/test-predictions.js';
import { evaluate, wrongImages } from '../../../src/jobs/client/models/evaluation.js';

const NAMES = ['cat', 'dog', 'eel', 'fox', 'gnu'];
const IMAGES = 500;
const KEPT = 3;

/** Numbers that look random, the same at each run: a linear congruential generator. */
function randomNumbers(): (below: number) => number {
  let state = 7;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Random predictions. No image has the class `gnu`. */
function somePredictions(): TestPredictions {
  const random = randomNumbers();
  const labels = Uint16Array.from({ length: IMAGES }, () => random(4));
  const classes = Uint16Array.from(
    [...labels].flatMap(() => {
      const left = NAMES.map((_, index) => index);
      return Array.from({ length: KEPT }, () => left.splice(random(left.length), 1)[0] ?? 0);
    }),
  );
  const probabilities = Float32Array.from({ length: IMAGES * KEPT }, () => random(100) / 100);
  return { labels, classes, probabilities };
}

const predictions = somePredictions();
const { labels, classes } = predictions;
const rows = [...labels].map((label, image) => ({
  image,
  label,
  predicted: classes[image * KEPT],
  top: [...classes.subarray(image * KEPT, (image + 1) * KEPT)],
  sure: predictions.probabilities[image * KEPT] ?? 0,
}));
const count = (matches: (row: (typeof rows)[number]) => boolean) => rows.filter(matches).length;

test('the figures of a model are those of a plain count of its predictions', () => {
  const found = evaluate(predictions, NAMES);
  const correct = count(({ label, predicted }) => label === predicted);
  assert.deepEqual([found.images, found.correct, found.accuracy], [IMAGES, correct, correct / IMAGES]);
  assert.equal(found.top_3_accuracy, count(({ label, top }) => top.includes(label)) / IMAGES);
  assert.deepEqual(
    found.matrix,
    NAMES.map((_, label) =>
      NAMES.map((__, predicted) => count((row) => row.label === label && row.predicted === predicted)),
    ),
  );
  for (const { index, name, ...figures } of found.classes) {
    assert.equal(name, NAMES[index]);
    const images = count(({ label }) => label === index);
    const predicted = count((row) => row.predicted === index);
    const hits = count((row) => row.label === index && row.predicted === index);
    const decided = count((row) => (row.label === index) === (row.predicted === index));
    assert.deepEqual(figures, {
      ...{ images, predicted, correct: hits },
      accuracy: decided / IMAGES,
      precision: hits / predicted,
      recall: images === 0 ? null : hits / images,
    });
  }
  assert.equal(found.classes.at(-1)?.recall, null, 'a class without images has no recall');
});

test('the most confused pair comes first, and every pair is there once', () => {
  const { confusions, matrix } = evaluate(predictions, NAMES);
  const cells = matrix?.flatMap((row, label) => row.filter((_, predicted) => predicted !== label)) ?? [];
  assert.deepEqual(
    confusions.map(({ images }) => images),
    cells.filter((images) => images > 0).sort((a, b) => b - a),
  );
  const [first] = confusions;
  assert.equal(matrix?.[first?.label.index ?? 0]?.[first?.predicted.index ?? 0], Math.max(...cells));
});

test('a matrix of more than 100 classes is left out, and its pairs are not', () => {
  const names = Array.from({ length: 101 }, (_, index) => `class ${index}`);
  const found = evaluate(predictions, names);
  assert.deepEqual([found.matrix, found.classes.length], [null, 101]);
  assert.ok(found.confusions.length > 0);
});

test('wrong images are listed by the confidence of the error, and by class', () => {
  const plain = (matches: (row: (typeof rows)[number]) => boolean) =>
    rows
      .filter((row) => row.label !== row.predicted && matches(row))
      .sort((a, b) => b.sure - a.sure || a.image - b.image)
      .map(({ image }) => image);
  assert.deepEqual(
    [...wrongImages(predictions, {})],
    plain(() => true),
  );
  assert.deepEqual(
    [...wrongImages(predictions, { label: 1 })],
    plain(({ label }) => label === 1),
  );
  assert.deepEqual(
    [...wrongImages(predictions, { label: 1, predicted: 2 })],
    plain(({ label, predicted }) => label === 1 && predicted === 2),
  );
});

test('predictions are read as they were written, and a file that was cut short is refused', () => {
  const bytes = encodePredictions(predictions);
  // Files are read into buffers that start anywhere in their memory.
  const moved = Buffer.concat([Buffer.from('x'), bytes]).subarray(1);
  assert.deepEqual(decodePredictions(moved), predictions);
  assert.throws(() => decodePredictions(bytes.subarray(0, -1)), InvalidPredictionsError);
  assert.throws(() => decodePredictions(bytes.subarray(0, 4)), InvalidPredictionsError);
});
