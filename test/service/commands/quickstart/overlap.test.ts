import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stageOverlap } from '../../../../src/service/commands/quickstart/overlap.js';

const busy = (stage: number, from: number, to: number) => ({ stage, from, to });

test('two stages overlap while both are busy; the phase spans everything', () => {
  assert.deepEqual(stageOverlap([busy(0, 0, 10), busy(1, 6, 14)]), { phaseMs: 14, overlapMs: 4 });
});

test('consecutive tasks do not overlap, nor do two tasks of one stage', () => {
  assert.equal(stageOverlap([busy(0, 0, 10), busy(1, 10, 20)]).overlapMs, 0);
  assert.equal(stageOverlap([busy(0, 0, 10), busy(0, 0, 10)]).overlapMs, 0);
});

test('gaps count to the phase; three stages at once count once', () => {
  const tasks = [busy(0, 0, 4), busy(1, 0, 4), busy(2, 0, 4), busy(0, 10, 12), busy(1, 11, 12)];
  assert.deepEqual(stageOverlap(tasks), { phaseMs: 12, overlapMs: 5 });
});

test('no tasks, no phase', () => {
  assert.deepEqual(stageOverlap([]), { phaseMs: 0, overlapMs: 0 });
});
