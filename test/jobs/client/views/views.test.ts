import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJob } from '../../../../src/jobs/client/views/job.js';
import { toSeries } from '../../../../src/jobs/store/metric-series.js';
import type { Job } from '../../../../src/jobs/store/rows.js';
import { resolved } from '../../support/specs.js';

const minutes = (count: number): Date => new Date(count * 60_000);
const PLAN = {
  tasks: 1,
  steps_per_epoch: 1,
  total_steps: 1,
  round_steps: 1,
  warm_start_rounds: 0,
  parallel_rounds: 1,
  end_to_end_rounds: 0,
};
const row: Job = {
  id: 'job_1',
  tenant: 'default',
  name: '',
  metadata: {},
  notes: '',
  archivedAt: null,
  state: 'running',
  datasetId: 'mnist',
  spec: resolved(),
  requested: null,
  plan: PLAN,
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
  artifactsDeletedAt: null,
  earlyEnd: null,
  selected: null,
  budgetSpentAt: null,
  traceparent: null,
  initial: null,
  actor: null,
  reproduces: null,
  parentId: null,
  carried: null,
};
const STAGES = { kind: 'stage', total: 100, running: 2, timedSeconds: 20 * 60 } as const;
const SURROUNDINGS = { progress: [], queue: null, modelId: null, nowMs: 0 };
const at = (done: number, now: number) =>
  toJob(row, {
    ...SURROUNDINGS,
    progress: [{ ...STAGES, done, timedWeight: done, outage: null }],
    nowMs: minutes(now).getTime(),
  });

test('the estimate is the remaining work, from now on', () => {
  const job = at(25, 20);
  assert.equal(job.progress, 0.25);
  // 75 steps of 48 seconds on two slots.
  assert.equal(job.estimated_finish, minutes(20 + 30).toISOString());
});

test('no estimate without finished tasks, nor for a job that waits, is paused or has ended', () => {
  assert.equal(at(0, 20).estimated_finish, null);
  const surroundings = {
    ...SURROUNDINGS,
    progress: [{ ...STAGES, done: 25, timedWeight: 25, outage: null }],
  };
  for (const state of ['queued', 'paused', 'failed'] as const) {
    assert.equal(toJob({ ...row, state }, surroundings).estimated_finish, null, state);
  }
  assert.equal(toJob(row, SURROUNDINGS).progress, 0);
});

test('a speed-up is answered beside the figures; a result that was stored before speed-ups has none', () => {
  const figures = { test_accuracy: 0.9, test_loss: 0.3 };
  const ended = (result: object) =>
    toJob({ ...row, state: 'succeeded', result: result as never }, SURROUNDINGS).result;
  const speedup = { measured: 1.5, predicted: 2 };
  assert.deepEqual(ended({ ...figures, speedup })?.speedup, speedup);
  assert.deepEqual(ended({ ...figures, speedup })?.figures, figures);
  assert.equal(ended(figures)?.speedup, null);
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
