import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aligned } from '../../dashboard/src/charts/aligned.js';

const ONE = [
  [0, 1],
  [1, 2],
  [2, 3],
] as const;

test('curves of the same steps share the axis; others have gaps where they were not measured', () => {
  const twice = ONE.map(([x, y]) => [x, 2 * y] as const);
  assert.deepEqual(aligned([ONE, twice], 0), [
    [0, 1, 2],
    [1, 2, 3],
    [2, 4, 6],
  ]);
  const sparse = [
    [1, 5],
    [4, 6],
  ] as const;
  const [x, first, second] = aligned([ONE, sparse], 0).map((values) =>
    [...values].map((value) => value ?? null),
  );
  assert.deepEqual(
    [x, first, second],
    [
      [0, 1, 2, 4],
      [1, 2, 3, null],
      [null, 5, null, 6],
    ],
  );
  assert.deepEqual(aligned([], 0), [[]]);
});

test('averages of smoothing follow the measured values, and gaps stay gaps', () => {
  const [, measured, average] = aligned([ONE], 0.5);
  assert.deepEqual(measured, [1, 2, 3]);
  // (0.5 * 1) / 0.5, then (0.5 * 0.5 * 1 + 0.5 * 2) / 0.75, then over 0.875.
  assert.deepEqual(average, [1, 1.25 / 0.75, 2.125 / 0.875]);
});
