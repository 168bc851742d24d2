import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyShare, placeOf } from '../../bench/sweeps/figures.js';

test('slots are at work for the time of their tasks, of that from the first start to the last end', () => {
  const tasks = [
    { from: 1_000, to: 3_000 },
    { from: 2_000, to: 3_000 },
    { from: 4_000, to: 5_000 },
  ];
  assert.equal(busyShare(tasks, 2), 0.5);
  assert.equal(busyShare([{ from: 0, to: 10 }], 1), 1);
  assert.throws(() => busyShare([], 2), RangeError);
});

test('the place of a winner is counted by the values of the whole grid', () => {
  const grid = [0.5, 0.9, 0.9, null, 0.7].map((value, number) => ({ number, value }));
  assert.deepEqual(
    [0, 1, 2, 4].map((number) => placeOf({ number, value: 1 }, grid)),
    [4, 1, 1, 3],
  );
});
