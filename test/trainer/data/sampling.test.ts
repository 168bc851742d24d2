import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawOrder } from '../../../src/trainer/data/sampling.js';
import { permutation, randomStream } from '../../../src/trainer/random.js';

const SEED = 5;
/** 90 images of class 0, seven of class 2, three of class 4; no image of the others. */
const LABELS = Uint16Array.from({ length: 100 }, (_, image) => (image < 90 ? 0 : image < 97 ? 2 : 4));

const countsOf = (indices: Uint32Array) => {
  const counts = new Map<number, number>();
  for (const index of indices) counts.set(LABELS[index]!, (counts.get(LABELS[index]!) ?? 0) + 1);
  return counts;
};

// Oracle of sampling uniform, balanced.
test('a balanced epoch has as many images as a uniform one, and each class to within one alike', () => {
  for (const epoch of [0, 1, 7]) {
    const { indices } = drawOrder('balanced', LABELS, SEED, epoch);
    const counts = countsOf(indices);
    assert.equal(indices.length, LABELS.length);
    assert.deepEqual([...counts.keys()].sort(), [0, 2, 4]);
    assert.deepEqual([...counts.values()].sort(), [33, 33, 34]);
  }
});

test('an image of a rare class appears as often as another of it, to within one, with its number', () => {
  const { indices, earlier } = drawOrder('balanced', LABELS, SEED, 0);
  const seen = new Map<number, number[]>();
  indices.forEach((index, place) => void seen.set(index, [...(seen.get(index) ?? []), earlier![place]!]));
  for (const [index, numbers] of seen) {
    const sorted = [...numbers].sort((a, b) => a - b);
    assert.deepEqual(sorted, [...sorted.keys()], `image ${index}: 0, 1, 2 and so on, each once`);
    if (LABELS[index] === 0) assert.equal(numbers.length, 1, 'a class with enough images repeats none');
  }
  const rare = [97, 98, 99].map((index) => seen.get(index)!.length);
  assert.ok(Math.max(...rare) - Math.min(...rare) <= 1, rare.join());
});

test('an order depends on seed and epoch alone, and its classes are mixed', () => {
  const order = (seed: number, epoch: number) => drawOrder('balanced', LABELS, seed, epoch);
  assert.deepEqual(order(SEED, 3), order(SEED, 3));
  assert.notDeepEqual(order(SEED, 3), order(SEED, 4));
  assert.notDeepEqual(order(SEED, 3), order(SEED + 1, 3));
  const common = order(SEED, 3).indices.filter((index) => LABELS[index] === 0);
  assert.notDeepEqual(
    new Set(common),
    new Set(order(SEED, 4).indices.filter((index) => LABELS[index] === 0)),
    'every epoch has other images of a common class',
  );
  const firstHalf = countsOf(order(SEED, 3).indices.subarray(0, 50));
  assert.equal(firstHalf.size, 3);
});

test('a uniform epoch is the order that it always was', () => {
  assert.deepEqual(drawOrder('uniform', LABELS, SEED, 2), {
    indices: permutation(LABELS.length, randomStream(SEED, 'order', 2)),
    earlier: null,
  });
});
