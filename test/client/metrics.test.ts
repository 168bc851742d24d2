import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MetricSeries, newestTime, withIncrement } from '../../client/src/metrics.js';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

function seriesOf(stage: number, attempt: number, points: readonly (readonly [number, number])[]) {
  const written = points.map(([step, value]) => [step, value, at(attempt)]);
  return { name: 'loss', stage, unit: 'nat', attempt, points: written } as unknown as MetricSeries;
}

test('the newest time is that of any series, and null without points', () => {
  assert.equal(newestTime([]), null);
  assert.equal(newestTime([seriesOf(0, 2, [[0, 1]]), seriesOf(1, 1, [[9, 1]])]), at(2));
});

test('an increment adds its points and series, and replaces what it covers', () => {
  const known = [
    seriesOf(0, 1, [
      [0, 1],
      [10, 2],
      [20, 3],
      [30, 4],
    ]),
    seriesOf(1, 1, [[0, 5]]),
  ];
  const again = seriesOf(0, 2, [
    [5, 6],
    [20, 7],
  ]);
  const merged = withIncrement(known, [again, seriesOf(2, 1, [[0, 8]])]);
  const steps = (stage: number) =>
    merged.find((series) => series.stage === stage)?.points.map(([step, value]) => [step, value]);
  assert.deepEqual(steps(0), [
    [0, 1],
    [5, 6],
    [20, 7],
    [30, 4],
  ]);
  assert.deepEqual(steps(1), [[0, 5]]);
  assert.deepEqual(steps(2), [[0, 8]]);
  assert.equal(merged[0]?.attempt, 2);
});
