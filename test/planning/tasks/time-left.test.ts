import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KindProgress, secondsLeft } from '../../../src/planning/tasks/time-left.js';

const NOTHING = { done: 0, running: 0, timedWeight: 0, timedSeconds: 0 };
const PREPARED: KindProgress = {
  kind: 'prepare',
  ...{ total: 1, done: 1, running: 0, timedWeight: 1, timedSeconds: 500 },
};
// 60 of 100 steps are left, at 2 seconds each.
const STAGES: KindProgress = {
  kind: 'stage',
  ...{ total: 100, done: 40, running: 3, timedWeight: 30, timedSeconds: 60 },
};

test('remaining work of each kind at its own rate; stages share the slots in use', () => {
  const ends: KindProgress = {
    kind: 'end_to_end',
    total: 10,
    ...NOTHING,
    done: 4,
    timedWeight: 4,
    timedSeconds: 20,
  };
  const expected = (60 * 2) / 3 + 6 * 5;
  assert.equal(secondsLeft([PREPARED, STAGES, { ...ends, running: 1 }], 1), expected);
  // Two replicas find two of the three slots that the stages use; once those are done, the slots that they use themselves.
  assert.equal(secondsLeft([PREPARED, STAGES, ends], 2), (60 * 2) / 3 + (6 * 5) / 2);
  assert.equal(
    secondsLeft(
      [
        { ...STAGES, done: 100, running: 0 },
        { ...ends, running: 2 },
      ],
      4,
    ),
    (6 * 5) / 2,
  );
  assert.equal(secondsLeft([{ ...STAGES, running: 0 }], 1), 60 * 2, 'between two tasks it uses one');
});

test('a kind without a finished task has the rate of the others, preparing left out', () => {
  const ends: KindProgress = { kind: 'end_to_end', total: 10, ...NOTHING };
  assert.equal(secondsLeft([PREPARED, STAGES, ends], 1), (60 * 2) / 3 + 10 * 2);
});

test('no estimate until something that trains is finished', () => {
  assert.equal(secondsLeft([], 1), null);
  assert.equal(secondsLeft([PREPARED, { ...STAGES, timedWeight: 0, timedSeconds: 0 }], 1), null);
});

test('no remaining work takes no time, although rounding adds up to more than all', () => {
  assert.equal(secondsLeft([{ ...STAGES, done: 100.0000001 }], 1), 0);
});
