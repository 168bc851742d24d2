import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costsByRates, NO_COST, NO_STAGE, type StageCost } from '../../../src/planning/costs/index.js';
import { makePlan } from '../../../src/planning/forecast/forecast.js';
import type { Link } from '../../../src/planning/forecast/methods/link.js';
import { costOfSchedule } from '../../../src/planning/forecast/methods/scheduled.js';
import { chimera } from '../../../src/planning/schedules/chimera.js';
import { gpipe, oneForwardOneBackward, zeroBubble } from '../../../src/planning/schedules/schedule.js';
import { MNIST, resolved, type SpecChanges } from '../../jobs/support/specs.js';

// One image takes 1 s forward and 2 s back in each stage, and the update of a parameter 0.5 s.
const RATES = costsByRates({ forward: 1, backward: 2, coupling: 0, message: 0, update: 0.5, data: 0 });
const MEMORY = {
  optimizerVectors: 1,
  factorInterval: null,
  accumulatedParts: 1,
  precision: 'float32',
} as const;
const HERE: Link = { bytesPerSecond: Number.POSITIVE_INFINITY, roundTripSeconds: 0 };
const STAGE: StageCost = {
  ...NO_STAGE,
  ...{ ...NO_COST, work: 1, trainedWork: 1, parameters: 3, trainedParameters: 3, activations: 10 },
};
/** Two equal stages with five values of an image between them; eight images in four micro-batches. */
const PARTS = {
  method: resolved({ method: { type: 'pipeline', stages: 2 } }).method,
  costs: [
    { ...STAGE, boundary: 5 },
    { ...STAGE, inputBoundary: 5 },
  ],
  batch: 8,
  micro: 4,
};
const cost = (schedule: ReturnType<typeof gpipe>, link = HERE) =>
  costOfSchedule(schedule, PARTS, { costs: RATES, memory: MEMORY, link });

test('a step by GPipe and 1F1B takes M + K - 1 passes and the update, and keeps M or K micro-batches', () => {
  const [a, b] = [cost(gpipe(2, 4)), cost(oneForwardOneBackward(2, 4))];
  // Five times 2 s forward and 4 s back, and 1.5 s of update.
  assert.deepEqual([a.seconds, b.seconds], [31.5, 31.5]);
  assert.ok(Math.abs(a.bubble - 6 / 31.5) < 1e-9);
  const bytes = 4 * 2 * 10;
  assert.deepEqual(
    [a.needs, b.needs].map((needs) => needs[0]?.activations),
    [4 * bytes, 2 * bytes],
  );
  // Weights, their momentum, and gradients of a micro-batch and of the batch.
  assert.equal(a.needs[0]?.weights, 4 * 4 * 3);
});

test('messages wait half a round trip, and their bytes', () => {
  // A micro-batch: 2 images of 5 floats are 40 bytes, 1 s and 0.5 s under way, up and down.
  const { seconds } = cost(gpipe(2, 4), { bytesPerSecond: 40, roundTripSeconds: 1 });
  assert.equal(seconds, 31.5 + 2 * 1.5);
});

test('zero bubble H1 divides a backward pass into equal halves', () => {
  // (K - 1) (F + B - W) = 2 s of waiting beside 24 s of work.
  assert.equal(cost(zeroBubble(2, 4)).seconds, 24 + 2 + 1.5);
});

test('Chimera waits for nothing on two devices, but updates and exchanges two stages on each', () => {
  const near = cost(chimera(2, 4));
  assert.equal(near.seconds, 24 + 2 * 1.5);
  assert.equal(near.bubble, 0);
  assert.deepEqual(
    near.needs.map(({ weights }) => weights),
    [2 * 4 * 4 * 3, 2 * 4 * 4 * 3],
  );
  // 24 bytes of gradients of both stages; messages of micro-batches are waited for, too.
  const far = cost(chimera(2, 4), { bytesPerSecond: 24, roundTripSeconds: 0 });
  assert.ok(far.seconds >= near.seconds + 1);
});

const schedulesOf = (changes: SpecChanges, devices: number) =>
  makePlan(resolved(changes), MNIST, {
    ...{
      devices,
      memoryBytes: null,
      bytesPerSecond: 1e9,
      roundTripSeconds: 0,
      profile: null,
      measured: null,
    },
  }).schedules;

test('a plan lists published schedules and its own methods on the same devices, the fastest first', () => {
  const rows = schedulesOf({ model: { depth: 56 } }, 4);
  const published = ['1f1b', 'chimera', 'gpipe', 'interleaved-1f1b', 'zero-bubble-h1'];
  assert.deepEqual(
    rows
      .filter(({ offered }) => !offered)
      .map(({ name }) => name)
      .sort(),
    published,
  );
  assert.deepEqual(
    rows
      .filter(({ offered }) => offered)
      .map(({ name }) => name)
      .sort(),
    ['augmented-lagrangian', 'pipeline'],
  );
  const seconds = rows.map((row) => row.step_seconds);
  assert.deepEqual(
    seconds,
    seconds.toSorted((a, b) => a - b),
  );
  for (const row of rows) {
    assert.ok(row.bubble_share > 0 && row.bubble_share < 0.5, `${row.name} ${row.bubble_share}`);
    assert.equal(row.stages, 4);
    assert.ok(Math.abs(row.memory_bytes - row.weight_bytes - row.activation_bytes) <= 1);
  }
  const row = (name: string) => rows.find((each) => each.name === name)!;
  assert.ok(row('gpipe').activation_bytes > 3 * row('1f1b').activation_bytes);
  assert.ok(row('zero-bubble-h1').step_seconds < row('1f1b').step_seconds);
});

test('schedules need two devices and two images for each; Chimera an even number, and a job end to end has no stages', () => {
  assert.deepEqual(schedulesOf({}, 1), []);
  assert.deepEqual(schedulesOf({ batch_size: 2 }, 2), []);
  assert.ok(!schedulesOf({ model: { depth: 56 } }, 3).some(({ name }) => name === 'chimera'));
  const joined = schedulesOf({ method: { type: 'augmented-lagrangian', end_to_end_share: 1 } }, 2);
  assert.deepEqual(
    joined.filter(({ offered }) => offered).map(({ name }) => name),
    ['pipeline'],
  );
});
