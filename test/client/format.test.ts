import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, duration } from '../../client/src/format.js';

test('durations never show sixty seconds or minutes', () => {
  const shown = [0, 9.96, 12.6, 59.9, 60, 239.9, 3599.9, 3600, 7384].map(duration);
  assert.deepEqual(shown, [
    '0.0 s',
    '10.0 s',
    '12 s',
    '59 s',
    '1 min 0 s',
    '3 min 59 s',
    '59 min 59 s',
    '1 h 0 min',
    '2 h 3 min',
  ]);
  assert.equal(duration(Number.NaN), '–');
});

test('sizes have the unit that leaves one to three digits', () => {
  assert.deepEqual([0, 999, 1500, 12_000_000, 3e9].map(bytes), ['0 B', '999 B', '1.5 kB', '12 MB', '3.0 GB']);
});
