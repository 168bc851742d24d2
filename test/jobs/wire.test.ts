import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  traceparent: null,
  initial: null,
};
const at = (done: number, now: number) =>
  toJob(row, { progress: { done, total: 100 }, queue: null, modelId: null, nowMs: minutes(now).getTime() });

test('the estimate is the rate so far, carried on', () => {
  const job = at(25, 20);
  assert.equal(job.progress, 0.25);
  assert.equal(job.estimated_finish, minutes(50).toISOString());
});

test('no estimate from next to nothing, nor for what has ended', () => {
  assert.equal(at(1, 20).estimated_finish, null);
  const ended = { ...row, state: 'failed', finishedAt: minutes(15) };
  const surroundings = { progress: { done: 25, total: 100 }, queue: null, modelId: null, nowMs: 0 };
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

test('series: one a name and stage, the whole network as null', () => {
  const rows = [point(0, 1, -1), point(0, 2, 0), point(2, 3, 0)];
  const series = toSeries(rows);
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
