import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phaseFigures } from '../../bench/speedup/figures.js';

type Task = Parameters<typeof phaseFigures>[0][number];

const task = (stage: number | null, start: number, end: number, seconds: Record<string, number>) =>
  ({
    kind: stage === null ? 'end_to_end' : 'stage',
    stage,
    started_at: new Date(1000 * start).toISOString(),
    finished_at: new Date(1000 * end).toISOString(),
    seconds,
  }) as Task;

test('figures of a wavefront of two stages are the busy shares, the idle share while both have work, and the seconds a step', () => {
  const tasks = [
    task(1, 0, 4, { forward: 2, data_thread: 9 }),
    task(1, 4, 8, { forward: 2, spool: 1 }),
    task(0, 4, 7, { forward: 1 }),
    task(0, 8, 10, { forward: 1, spool: 3 }),
    task(null, 10, 20, { forward: 7 }),
  ];
  const { seconds, stages, steadyIdleShare, spoolSeconds } = phaseFigures(tasks, 2, 10);
  assert.equal(seconds, 10);
  assert.deepEqual(
    stages.map(({ busyShare }) => busyShare),
    [0.5, 0.8],
  );
  assert.deepEqual(stages[0]?.secondsPerStep, { forward: 0.2, spool: 0.3 });
  assert.deepEqual(stages[1]?.secondsPerStep, { forward: 0.4, spool: 0.1 });
  // From 4 to 8, of which stage 0 waits from 7 to 8.
  assert.equal(steadyIdleShare, 1 / 8);
  assert.equal(spoolSeconds, 0.4);
  assert.throws(() => phaseFigures(tasks, 3, 10), RangeError);
});
