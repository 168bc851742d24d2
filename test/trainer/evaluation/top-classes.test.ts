import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TopClasses } from '../../../src/trainer/evaluation/index.js';

/** Rounding of a probability to float32. */
const FLOAT32_TOLERANCE = 1e-7;

/** Classes of one image with their probabilities, the most probable first, in float64. */
function sorted(logits: readonly number[]): { index: number; probability: number }[] {
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return logits
    .map((logit, index) => ({ index, probability: Math.exp(logit) / total }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index);
}

test('the three most probable classes of each image are kept, over batches of different sizes', () => {
  const rows = [
    [0.5, 2, -1, 3],
    // Equal values: the first class wins, as it does in the accuracy.
    [1, 1, 1, 1],
    [-3, -2, -1, 0],
    [60, 0, 0.25, 60.5],
    [4, 3, 2, 1],
  ];
  const labels = [3, 0, 1, 2, 0];
  const top = new TopClasses(rows.length, 4);
  for (const [start, end] of [[0, 2] as const, [2, 5] as const]) {
    top.add(Float32Array.from(rows.slice(start, end).flat()), Int32Array.from(labels.slice(start, end)));
  }
  const expected = rows.map((row) => sorted(row).slice(0, 3));
  assert.deepEqual([...top.predictions.labels], labels);
  assert.deepEqual(
    [...top.predictions.classes],
    expected.flatMap((row) => row.map(({ index }) => index)),
  );
  expected.flat().forEach(({ probability }, place) => {
    assert.ok(Math.abs((top.predictions.probabilities[place] ?? 0) - probability) < FLOAT32_TOLERANCE);
  });
});

test('two classes are both kept', () => {
  const top = new TopClasses(1, 2);
  top.add(Float32Array.of(0, 1), Int32Array.of(1));
  assert.deepEqual([...top.predictions.classes], [1, 0]);
});
