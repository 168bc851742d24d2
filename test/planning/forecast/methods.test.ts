import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochsFor, judge, STUDIES, type Studied } from '../../../src/planning/forecast/accuracy.js';
import { costInRounds } from '../../../src/planning/forecast/methods/in-rounds.js';
import { joinedCost } from '../../../src/planning/forecast/methods/joined.js';
import type { Link, TrainingCost } from '../../../src/planning/forecast/methods/link.js';
import { pipelinedCost, turnSeconds } from '../../../src/planning/forecast/methods/pipelined.js';

// 10 MB/s, 20 ms there and back.
const LINK: Link = { bytesPerSecond: 1e7, roundTripSeconds: 0.02 };
const HERE: Link = { bytesPerSecond: Number.POSITIVE_INFINITY, roundTripSeconds: 0 };

function assertCost(cost: TrainingCost, seconds: number, bytes: number) {
  assert.ok(Math.abs(cost.seconds - seconds) < 1e-9, `${cost.seconds} s instead of ${seconds}`);
  assert.equal(cost.bytes, bytes);
}

test('one device needs its steps and no link; replicas share them and exchange their states once a round', () => {
  const work = { steps: 100, stepSeconds: 0.5, roundSteps: 50, stateBytes: 5e6, outerBytes: 0 };
  assertCost(joinedCost({ ...work, replicas: 1 }, LINK), 50, 0);
  // 25 s of steps. Twice: 0.02 + 0.5 s to store a state, 0.02 + 1 s to read two. Each round stores 2 and reads 4 states.
  assertCost(joinedCost({ ...work, replicas: 2 }, LINK), 25 + 2 * 1.54, 2 * 6 * 5e6);
  // One of them stores 1 MB more for the step between rounds, which both read.
  assertCost(joinedCost({ ...work, replicas: 2, outerBytes: 1e6 }, LINK), 25 + 2 * 1.74, 2 * 3 * 11e6);
});

test('a turn of a pipeline is bound by its slowest stage, its link, or the way of a batch there and back', () => {
  const near = turnSeconds([0.1, 0.1], [1e6], HERE);
  assert.equal(near, 0.1);
  // The batch: 0.1 + 0.1 s of work, and twice 0.01 + 0.1 s on its way; two batches are under way.
  assert.ok(Math.abs(turnSeconds([0.1, 0.1], [1e6], LINK) - 0.21) < 1e-12);
  // Ten times as long in stage 1: there is time for both messages.
  assert.equal(turnSeconds([0.1, 1], [1e6], LINK), 1);
  // Stages 1 and 2 of three have two batches under way: (0.4 + 0.4 + 2 * 0.11) / 2; all three: (0.9 + 4 * 0.11) / 3.
  assert.ok(Math.abs(turnSeconds([0.1, 0.4, 0.4], [1e6, 1e6], LINK) - 0.51) < 1e-12);
});

test('a round of a pipeline fills and drains: K-1 turns more than steps', () => {
  const work = { steps: 100, roundSteps: 50, stageSeconds: [0.1, 0.1, 0.1], boundaryBytes: [1e6, 5e5] };
  // 100 + 2 * 2 turns; features and gradients of both boundaries.
  assertCost(pipelinedCost(work, HERE), 10.4, 2 * 100 * 1.5e6);
});

test('stages in rounds fill their wavefront once, and send a step after its computation', () => {
  const each = { stageSeconds: [0.1, 0.08], sentBytes: [0, 5e5], stateBytes: [1e6, 2e6] };
  const work = { steps: 100, roundSteps: 25, replicas: 1, ...each };
  // 4 + 1 turns of 25 steps of 0.08 + 0.05 s, and two round trips each.
  assertCost(costInRounds(work, LINK), 5 * (25 * 0.13 + 0.04), 100 * 5e5);
  assertCost(costInRounds({ ...work, steps: 0 }, LINK), 0, 0);
});

test('replicas share the steps of a round, then each stores its state and reads those of all', () => {
  const each = { stageSeconds: [0.1, 0.08], sentBytes: [0, 5e5], stateBytes: [1e6, 2e6] };
  const work = { steps: 100, roundSteps: 25, replicas: 5, ...each };
  // 4 + 1 turns of 5 steps; 2 MB there and 10 MB back at 10 MB/s. Five replicas store one state each and read five.
  const bytes = 100 * 5e5 + 4 * 5 * 6 * 3e6;
  assertCost(costInRounds(work, LINK), 5 * (5 * 0.13 + 0.04 + 1.2), bytes);
});

const row = (method: string, stages: number, epochs: number, ...accuracies: number[]): Studied => ({
  ...{ method, stages, epochs, accuracies, replicas: 1, joined: false, outer: false },
});
const STUDY = [
  row('serial', 1, 10, 0.68),
  row('serial', 1, 20, 0.72, 0.7),
  row('staged', 2, 20, 0.71),
  row('staged', 8, 20, 0.65),
  { ...row('staged', 2, 40, 0.73), outer: true },
];

const judged = (method: string, stages: number, outer = false) =>
  judge({ method, stages, replicas: 1, joined: false, outer }, [STUDY]);

test('accuracy is that of the nearest row of the study, against the reference with the same seeds', () => {
  const of = (method: string, stages: number) => judged(method, stages).accuracy;
  const studied = { stages: 2, replicas: 1, epochs: 20, seeds: 1, reference: 'measured' };
  assert.deepEqual(of('staged', 3), { class: 'level', points: -1, studied });
  assert.deepEqual(of('staged', 5), { class: 'far_behind', points: -7, studied: { ...studied, stages: 8 } });
  assert.deepEqual(of('serial', 1), { class: 'reference', points: 0, studied: null });
  assert.deepEqual(of('other', 2), { class: 'unmeasured', points: null, studied: null });
  assert.equal(judged('other', 2).epochs, 1);
});

test('a way with steps between rounds is judged by rows that have them, and the reference is estimated where it did not run', () => {
  const { accuracy, epochs } = judged('staged', 2, true);
  // The serial rows gain 4 points when epochs double: 76 after 40 epochs.
  const studied = { stages: 2, replicas: 1, epochs: 40, seeds: 1, reference: 'estimated' };
  assert.deepEqual(accuracy, { class: 'behind', points: -3, studied });
  assert.ok(Math.abs(epochs - 2 ** (3 / 4)) < 1e-9);
});

test('the newer study counts where two rows are as near, and each study has a reference of its own', () => {
  const newer = [row('serial', 1, 10, 0.5), row('staged', 2, 10, 0.6)];
  const way = { method: 'staged', replicas: 1, joined: false, outer: false };
  const points = (stages: number) => judge({ ...way, stages }, [newer, STUDY]).accuracy.points;
  assert.deepEqual([points(2), points(8)], [10, -7]);
});

test('points behind cost as many epochs as back-propagation needs to gain them', () => {
  // Twice the epochs gained four points with seed 1.
  assert.ok(Math.abs(epochsFor(-4, STUDY) - 2) < 1e-9);
  assert.ok(Math.abs(epochsFor(4, STUDY) - 0.5) < 1e-9);
  assert.deepEqual([epochsFor(0, STUDY), epochsFor(-3, STUDY.slice(1))], [1, 1]);
});

test('each committed study begins with the reference; plans know pipelines and local SGD with steps between rounds', () => {
  for (const [first] of STUDIES) {
    assert.deepEqual([first?.method, first?.stages, first?.replicas], ['backprop', 1, 1]);
  }
  const stages = { method: 'augmented-lagrangian', stages: 2, replicas: 2, joined: true, outer: false };
  assert.equal(judge(stages).accuracy.studied?.stages, 2);
  const pipeline = { method: 'pipeline', replicas: 1, joined: false, outer: true };
  for (const count of [2, 4]) {
    const { studied } = judge({ ...pipeline, stages: count }).accuracy;
    assert.deepEqual([studied?.stages, studied?.reference], [count, 'measured']);
  }
  const replicas = { method: 'backprop', stages: 1, replicas: 4, joined: false };
  for (const outer of [true, false]) {
    assert.equal(judge({ ...replicas, outer }).accuracy.studied?.replicas, 4);
  }
});
