import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cascadeOf } from '../../src/measures/index.js';

const LABELS = Uint16Array.of(0, 1, 1, 0);
const answers = (...first: number[]) => ({
  classes: 2,
  labels: LABELS,
  probabilities: Float64Array.from(first.flatMap((probability) => [probability, 1 - probability])),
});

test('a cascade takes each image from the network that the threshold names, and its time from both', () => {
  // The full network is right on images 0, 1 and 3, the compact one on 0, 1 and 2.
  const full = answers(0.9, 0.2, 0.8, 0.7);
  const compact = answers(0.975, 0.075, 0.4, 0.2);
  const { points, ...cascade } = cascadeOf(full, compact, { full: 8, compact: 2 });
  assert.deepEqual(cascade, { compact_accuracy: 0.75, full_seconds: 8, compact_seconds: 2 });
  const at = (threshold: number) => points.find((point) => point.threshold === threshold);
  assert.deepEqual(at(0), { threshold: 0, accuracy: 0.75, by_compact: 1, seconds: 2 });
  // Images 0 and 1 are certain enough; the full network is wrong on 2 and right on 3.
  assert.deepEqual(at(0.9), { threshold: 0.9, accuracy: 0.75, by_compact: 0.5, seconds: 6 });
  // Image 3 goes to the full network, which is right; image 2 stays with the compact one, which is right, too.
  const three = cascadeOf(full, answers(0.975, 0.075, 0.05, 0.2), { full: 8, compact: 2 });
  const point = three.points.find(({ threshold }) => threshold === 0.9);
  assert.deepEqual(point, { threshold: 0.9, accuracy: 1, by_compact: 0.75, seconds: 4 });
  assert.deepEqual(at(1), { threshold: 1, accuracy: 0.75, by_compact: 0, seconds: 10 });
});
