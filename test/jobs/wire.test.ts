import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { downsample } from '../../src/jobs/wire/downsample.js';
import { toJob } from '../../src/jobs/wire/job.js';
import { toSeries } from '../../src/jobs/wire/metrics.js';
import { resolved } from './specs.js';

const minutes = (count: number): Date => new Date(count * 60_000);
const row = {
  id: 'job_1',
  tenant: 'default',
  name: '',
  metadata: {},
  state: 'running',
  datasetId: 'mnist',
  spec: resolved() as never,
  plan: {},
  stopAs: null,
  stopNow: false,
  eventSeq: 1,
  logSeq: 0,
  priority: 0,
  result: null,
  error: null,
  createdAt: minutes(0),
  cancelRequestedAt: null,
  pauseRequestedAt: null,
  queuedAt: new Date(0),
  runningSince: null,
  ranSeconds: 0,
  plannedAt: minutes(0),
  startedAt: minutes(10),
  finishedAt: null,
  spoolDeletedAt: null,
};
const at = (done: number, now: number) =>
  toJob(row, { progress: { done, total: 100 }, queue: null, nowMs: minutes(now).getTime() });

test('the estimate is the rate so far, carried on', () => {
  const job = at(25, 20);
  assert.equal(job.progress, 0.25);
  assert.equal(job.estimated_finish, minutes(50).toISOString());
});

test('no estimate from next to nothing, nor for what has ended', () => {
  assert.equal(at(1, 20).estimated_finish, null);
  const ended = { ...row, state: 'failed', finishedAt: minutes(15) };
  const surroundings = { progress: { done: 25, total: 100 }, queue: null, nowMs: 0 };
  assert.equal(toJob(ended, surroundings).estimated_finish, null);
  assert.equal(toJob(row, { ...surroundings, progress: undefined }).progress, 0);
});

const point = (step: number, value: number, stage = 0) => ({
  name: 'loss',
  stage,
  step,
  value,
  attempt: 1,
  at: minutes(step),
});

test('series: one a name and stage, the whole network as null, numbers only', () => {
  const rows = [point(0, 1, -1), point(0, 2, 0), point(1, Number.NaN, 0), point(2, 3, 0)];
  const series = toSeries(rows, 100);
  assert.deepEqual(
    series.map(({ stage, points }) => [stage, points.map(([step, value]) => [step, value])]),
    [
      [null, [[0, 1]]],
      [
        0,
        [
          [0, 2],
          [2, 3],
        ],
      ],
    ],
  );
});

test('downsampling keeps order, both ends and the count, and a lone peak', () => {
  const series = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(series, fc.integer({ min: 1, max: 50 }), (values, count) => {
      const points = values.map((value, index): [number, number] => [index, value]);
      const kept = downsample(points, count, (p) => p);
      assert.equal(kept.length, Math.min(count, points.length));
      assert.deepEqual(
        kept,
        [...kept].sort((a, b) => a[0] - b[0]),
      );
      assert.deepEqual(kept.at(-1), points.at(-1));
      if (count > 1) assert.deepEqual(kept[0], points[0]);
    }),
  );
  const peak = Array.from({ length: 1000 }, (_, x): [number, number] => [x, x === 417 ? 9 : 0]);
  assert.ok(downsample(peak, 20, (p) => p).some(([x]) => x === 417));
});
