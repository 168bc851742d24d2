import assert from 'node:assert/strict';
import { test } from 'node:test';
import { speedUpOf } from '../../../src/planning/tasks/speed-up.js';
import type { TrainedTask } from '../../../src/planning/timed-task.js';
import { resolved } from '../../jobs/support/specs.js';

const METHOD = resolved({ method: { stages: 2 } }).method;
const at = (seconds: number): Date => new Date(seconds * 1000);

/** A task of `steps` steps; its parts' seconds are of a step. */
function task(
  stage: number | null,
  [start, end]: readonly [number, number],
  steps: number,
  parts: Readonly<Record<string, number>>,
): TrainedTask {
  const seconds = Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, value * steps]));
  const weight = stage === null ? steps : steps / METHOD.stages;
  return {
    kind: stage === null ? 'end_to_end' : 'stage',
    trainers: null,
    stage,
    replica: null,
    weight,
    attempt: 1,
    device: 'cpu:0',
    startedAt: at(start),
    finishedAt: at(end),
    seconds,
  };
}

// A step takes 0.5 + 3 + 0.5 + 5 + 1 = 10 of the joined network, 6 of stage 0 and 8 of stage 1; nothing else counts.
const BESIDE = { spool: 7, report: 7, checkpoint: 7, data_thread: 7 };
const SERIAL = { data: 0.5, forward: 3, loss: 0.5, backward: 5, optimizer: 1, ...BESIDE };
const FIRST = { data: 1, forward: 1, backward: 2, optimizer: 0.5, coupling: 1.5, ...BESIDE };
const SECOND = { data: 1, forward: 2, loss: 0.5, backward: 2, auxiliary_forward: 1, auxiliary_backward: 1.5 };

// 30 steps by each stage between 100 and 280, and 12 + 8 steps end to end that took 12 seconds each.
const TASKS: readonly TrainedTask[] = [
  task(1, [100, 180], 10, SECOND),
  task(0, [190, 200], 10, FIRST),
  task(1, [185, 265], 20, SECOND),
  task(0, [266, 280], 20, FIRST),
  task(null, [0, 144], 12, SERIAL),
  task(null, [400, 496], 8, SERIAL),
];
const changed = (index: number, change: Partial<TrainedTask>): TrainedTask[] =>
  TASKS.map((row, at) => (at === index ? { ...row, ...change } : row));

/** Both figures; the reason where one is missing is checked apart. */
const figuresOf = (...given: Parameters<typeof speedUpOf>) => speedUpOf(...given).speedup;
const reasonOf = (...given: Parameters<typeof speedUpOf>) => {
  const { speedup, speedup_reason } = speedUpOf(...given);
  assert.equal(speedup, null);
  return speedup_reason;
};

test('measured: the same steps end to end over the span of the stages; predicted: by the slowest stage', () => {
  assert.deepEqual(figuresOf(METHOD, TASKS, false), { measured: (12 * 30) / 180, predicted: 10 / 8 });
  assert.deepEqual(figuresOf(METHOD, TASKS.toReversed(), false), { measured: 2, predicted: 1.25 });
});

test('heads and stored variables count as the coupling', () => {
  const seconds = { ...TASKS[2]!.seconds, head: 20 * 15, variables: 30 * 15 };
  // Beside 8 a step of its own, (300 + 450) / 30 = 25 more: 10 / 33.
  const { predicted } = figuresOf(METHOD, changed(2, { seconds }), false) ?? {};
  assert.equal(predicted?.toFixed(3), (10 / 33).toFixed(3));
});

test('a pause leaves out the measured speed-up, tasks without parts the predicted one', () => {
  assert.deepEqual(figuresOf(METHOD, TASKS, true), { measured: null, predicted: 1.25 });
  const { measured, predicted } = figuresOf(METHOD, changed(0, { seconds: { total: 80 } }), false) ?? {};
  assert.equal(measured, 2);
  assert.equal(predicted, null);
});

test('a speed-up without two figures to compare has a reason', () => {
  const one = resolved({ method: { stages: 1 } }).method;
  assert.equal(reasonOf(one, TASKS, false), 'one_stage');
  for (const type of ['rounds', 'frozen'] as const) {
    const { method } = resolved({ method: { type, stages: 2 } });
    assert.equal(reasonOf(method, TASKS, false), 'stages_in_turn', type);
  }
  const without = (stage: number | null) => TASKS.filter((row) => row.stage !== stage);
  assert.equal(reasonOf(METHOD, without(null), false), 'no_end_to_end_task');
  assert.equal(reasonOf(METHOD, without(1), false), 'no_stage_task');
  assert.equal(reasonOf(METHOD, [], false), 'no_end_to_end_task');
  assert.equal(reasonOf(METHOD, changed(5, { attempt: 2 }), false), 'repeated_task');
  assert.equal(reasonOf(METHOD, changed(3, { device: 'gpu:0' }), false), 'mixed_devices');
  const { speedup, speedup_reason } = speedUpOf(METHOD, changed(3, { device: 'cpu:1' }), false);
  assert.notEqual(speedup, null);
  assert.equal(speedup_reason, null);
  assert.equal(speedUpOf(METHOD, TASKS, true).speedup_reason, 'paused');
});

test('only the steps of a replica count: one device would have the fixed costs of a round once', () => {
  // Two tasks of 12 and 8 steps that take 12 seconds a step with all; 17 a step without their checkpoints.
  const replicas = TASKS.map((row) => (row.stage === null ? { ...row, replica: 0 } : row));
  const step = 0.5 + 3 + 0.5 + 5 + 1 + BESIDE.spool + BESIDE.report;
  assert.equal(figuresOf(METHOD, replicas, false)?.measured, Number(((step * 30) / 180).toPrecision(4)));
  const costly = replicas.map((row) => ({
    ...row,
    seconds: { ...row.seconds, start: 1e3, checkpoint: 1e3 },
  }));
  assert.deepEqual(figuresOf(METHOD, costly, false), figuresOf(METHOD, replicas, false));
});

test('a pipeline is compared with what its trainers computed, without an end-to-end task', () => {
  const { method } = resolved({ method: { type: 'pipeline', stages: 2 } });
  const slow = { forward: 2, backward: 4, optimizer: 1, stream: 1, start: 5, data_thread: 9 };
  const quick = { forward: 1, loss: 1, backward: 3, stream: 3, start: 5, checkpoint: 2 };
  const mean = { forward: 1.5 };
  const round = (start: number, trainers: TrainedTask['trainers'], seconds = mean): TrainedTask => ({
    ...task(null, [start, start + 10], 4, {}),
    ...{ kind: 'stage', trainers, seconds },
  });
  const rounds = [round(0, [slow, quick]), round(10, [quick, slow]), task(null, [0, 100], 9, SERIAL)];
  assert.deepEqual(figuresOf(method, rounds, false), {
    measured: 24 / 20,
    predicted: Number((24 / 14).toPrecision(4)),
  });
  assert.deepEqual(figuresOf(method, rounds, true)?.measured, null);
  const alone = [round(0, null, { ...slow })];
  assert.deepEqual(figuresOf(method, alone, false), { measured: 0.7, predicted: 1 });
  assert.equal(reasonOf(method, rounds.slice(2), false), 'no_stage_task');
  assert.equal(reasonOf(method, [{ ...rounds[0]!, attempt: 2 }], false), 'repeated_task');
});

test('no figure from times that a clock cannot distinguish', () => {
  const still = TASKS.map((row) => ({
    ...row,
    startedAt: at(1),
    finishedAt: at(1),
    seconds: { forward: 0 },
  }));
  const speedup = { measured: null, predicted: null };
  assert.deepEqual(speedUpOf(METHOD, still, false), { speedup, speedup_reason: 'no_times' });
});
