import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobGraph } from '../../bench/simulation/job-graph.js';
import { type SimulatedTask, simulate } from '../../bench/simulation/simulate.js';

const chain = (...seconds: number[]): SimulatedTask[] =>
  seconds.map((own, index) => ({ seconds: own, needs: index === 0 ? [] : [index - 1] }));
const load = { jobs: 1, devices: 1, dispatchSeconds: 0 };

test('tasks in a chain follow one another, with a dispatch each', () => {
  const { seconds, busyShare, firstEnds } = simulate({ ...load, tasks: chain(2, 3), dispatchSeconds: 0.5 });
  assert.equal(seconds, 6);
  assert.equal(busyShare, 5 / 6);
  assert.deepEqual(firstEnds, [2.5, 6]);
});

test('devices take ready tasks, the oldest job first', () => {
  const tasks = chain(1, 1);
  assert.deepEqual(simulate({ ...load, tasks, jobs: 3 }).jobEnds, [2, 4, 6]);
  assert.deepEqual(simulate({ ...load, tasks, jobs: 3, devices: 2 }).jobEnds, [2, 2, 4]);
  assert.equal(simulate({ ...load, tasks, jobs: 3, devices: 9 }).seconds, 2);
});

test('a graph that waits for itself, and no device, are refused', () => {
  const circle = [
    { seconds: 1, needs: [1] },
    { seconds: 1, needs: [0] },
  ];
  assert.throws(() => simulate({ ...load, tasks: circle }), /2 tasks wait for each other/);
  assert.throws(() => simulate({ ...load, tasks: chain(1), devices: 0 }), RangeError);
});

test('a wavefront of K stages over R rounds takes R + K - 1 rounds on K devices, and R K on one', () => {
  const [stages, rounds, roundSteps] = [3, 7, 4];
  const job = {
    model: { depth: 20, width: 8 },
    batch_size: 32,
    epochs: rounds,
    max_train_samples: roundSteps * 32,
    method: { stages, round_steps: roundSteps, end_to_end_share: 0 },
  };
  const tasks = jobGraph(job, { serial: 3, stages: [1, 1, 1] });
  assert.equal(simulate({ ...load, tasks, devices: stages }).seconds, (rounds + stages - 1) * roundSteps);
  assert.equal(simulate({ ...load, tasks }).seconds, rounds * stages * roundSteps);
  const penalty = jobGraph(
    { ...job, method: { ...job.method, type: 'penalty' } },
    { serial: 3, stages: [1, 1, 1] },
  );
  assert.equal(simulate({ ...load, tasks: penalty, devices: stages }).seconds, rounds * roundSteps);
});
