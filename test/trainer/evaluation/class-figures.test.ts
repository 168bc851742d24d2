import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf } from '../../../src/measures/index.js';
import { ClassCounts } from '../../../src/trainer/evaluation/class-counts.js';
import {
  classFigures,
  missedClassWarnings,
  summarizeClasses,
} from '../../../src/trainer/evaluation/index.js';

const NAMES = ['common', 'unseen', 'rare'];
/** 19 images of the common class are all classified correctly, and the one of the rare class is not. */
const LABELS = Uint16Array.from({ length: 20 }, (_, image) => (image === 7 ? 2 : 0));
/** The two most probable classes of each image: the class `common` first. */
const ANSWERS = Uint16Array.from({ length: 40 }, (_, place) => (place % 2 === 0 ? 0 : 2));
const PREDICTIONS = { labels: LABELS, classes: ANSWERS, probabilities: new Float32Array(40) };

test('an accuracy of 0.95 with no image of the rare class found is shown as such', () => {
  const figures = classFigures(PREDICTIONS, NAMES, Uint16Array.of(0, 0, 0, 2, 1));
  assert.deepEqual(figures, [
    { index: 2, name: 'rare', train_images: 1, images: 1, correct: 0, accuracy: 0 },
    { index: 0, name: 'common', train_images: 3, images: 19, correct: 19, accuracy: 1 },
  ]);
  assert.deepEqual(summarizeClasses(figures), { balanced_accuracy: 0.5, classes: figures });
  const [warning, ...others] = missedClassWarnings(figures, 0.95, 9);
  assert.deepEqual(others, []);
  assert.equal(warning?.code, 'missed_classes');
  assert.match(warning.message, /95\.0 % of the test images.*rare \(1\).*class_weights/);
});

test('the metrics of an evaluation show the same', () => {
  const counts = new ClassCounts();
  for (const half of [LABELS.subarray(0, 10), LABELS.subarray(10)])
    counts.add(
      Int32Array.from(half),
      [...half].map(() => 0),
    );
  assert.equal(counts.correct, 19);
  assert.deepEqual(counts.accuracies(), [1, 0]);
  assert.equal(counts.macroF1(), 38 / 39 / 2, 'the F1 of the rare class is 0');
});

test('the mean F1 of a job is that of an evaluation of its model, also of classes without images or answers', () => {
  const labels = Uint16Array.from({ length: 60 }, (_, image) => (image * image) % 5);
  const predicted = labels.map((label, image) => (image % 3 === 0 ? (label + image) % 7 : label));
  const counts = new ClassCounts();
  counts.add(Int32Array.from(labels), [...predicted]);
  const probabilities = new Float64Array(60 * 9);
  predicted.forEach((taken, image) => {
    probabilities[image * 9 + taken] = 1;
  });
  const { macro_f1: expected, accuracy } = figuresOf({ classes: 9, labels, probabilities });
  assert.ok(Math.abs(counts.macroF1() - expected) < 1e-12, 'both are float64');
  assert.equal(counts.correct / 60, accuracy);
});

test('a network that finds images of each class gets no warning', () => {
  const predictions = {
    ...PREDICTIONS,
    classes: Uint16Array.from(LABELS),
    probabilities: new Float32Array(20),
  };
  assert.deepEqual(missedClassWarnings(classFigures(predictions, NAMES, LABELS), 1, 9), []);
});

test('a result lists the twenty classes with the lowest accuracy, a warning names five', () => {
  const labels = Uint16Array.from({ length: 30 }, (_, image) => image);
  const predictions = { labels, classes: new Uint16Array(30), probabilities: new Float32Array(30) };
  const names = [...labels].map((label) => `class ${label}`);
  const figures = classFigures(predictions, names, labels);
  const { classes, balanced_accuracy: balanced } = summarizeClasses(figures);
  assert.deepEqual([classes.length, classes[0]?.name, figures.at(-1)?.name], [20, 'class 1', 'class 0']);
  assert.ok(Math.abs(balanced! - 1 / 30) < 1e-15, 'one of thirty classes is found; float64 rounds the share');
  assert.match(missedClassWarnings(figures, 1 / 30, 9)[0]!.message, /class 5 \(1\) and 24 more/);
});
