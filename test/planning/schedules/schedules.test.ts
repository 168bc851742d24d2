import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chimera, chimeraDevice } from '../../../src/planning/schedules/chimera.js';
import { mostKept, runPriced, runSchedule } from '../../../src/planning/schedules/run-schedule.js';
import {
  gpipe,
  interleaved,
  oneForwardOneBackward,
  type Schedule,
  zeroBubble,
} from '../../../src/planning/schedules/schedule.js';

const TIMES = { forward: 1, input: 1.25, weights: 0.75 };
const STEP = TIMES.forward + TIMES.input + TIMES.weights;
const SIZES = [2, 4, 8, 32].flatMap((devices) =>
  [1, 2, 4].map((times) => [devices, times * devices] as const),
);

/** Seconds that a device waits in a batch. */
function waits(schedule: Schedule, batches: number, times = TIMES): number {
  const { forward, input, weights } = times;
  return runSchedule(schedule, times).seconds - batches * (forward + input + weights);
}

test('GPipe and 1F1B wait as published, K - 1 steps of a stage, and keep M and K micro-batches', () => {
  for (const [devices, batches] of SIZES) {
    const expected = (devices - 1) * STEP;
    assert.ok(Math.abs(waits(gpipe(devices, batches), batches) - expected) < 1e-9);
    assert.ok(Math.abs(waits(oneForwardOneBackward(devices, batches), batches) - expected) < 1e-9);
    const { bubble, kept } = runSchedule(oneForwardOneBackward(devices, batches), TIMES);
    assert.ok(Math.abs(bubble - (devices - 1) / (batches + devices - 1)) < 1e-9);
    assert.deepEqual([kept, runSchedule(gpipe(devices, batches), TIMES).kept], [devices, batches]);
  }
});

test('v parts on a device divide the wait by v, and take more memory', () => {
  for (const [devices, batches] of SIZES) {
    for (const chunks of [2, 3]) {
      const schedule = interleaved(devices, batches, chunks);
      assert.ok(Math.abs(waits(schedule, batches) - ((devices - 1) * STEP) / chunks) < 1e-9, `${devices}`);
      const { kept } = runSchedule(schedule, TIMES);
      assert.ok(batches === devices || kept > devices, `${kept} with ${devices} devices`);
    }
  }
});

test('the zero-bubble schedule waits (K - 1)(F + B - W), with the memory of 1F1B', () => {
  const equal = { forward: 1, input: 1, weights: 1 };
  for (const [devices, batches] of SIZES.filter(([k, m]) => m >= 2 * k)) {
    const schedule = zeroBubble(devices, batches);
    assert.ok(Math.abs(waits(schedule, batches, equal) - (devices - 1)) < 1e-9, `${devices} ${batches}`);
    assert.ok(runSchedule(schedule, equal).kept <= devices);
  }
});

test('a schedule whose operations wait for each other is refused', () => {
  const { orders, ...rest } = oneForwardOneBackward(2, 2);
  const reversed = { ...rest, orders: orders.map((order) => order.toReversed()) };
  assert.throws(() => runSchedule(reversed, TIMES), /8 operations of 1F1B wait for each other/);
});

test('Chimera waits (K - 2) / (2M + K - 2) of the time, in one unit also where a backward pass takes twice as long', () => {
  for (const devices of [2, 4, 6, 8, 16, 32]) {
    for (const batches of [1, 2, 4].map((times) => times * devices)) {
      const schedule = chimera(devices, batches);
      const equal = { forward: 1, input: 0.5, weights: 0.5 };
      const expected = (devices - 2) / (2 * batches + devices - 2);
      assert.ok(Math.abs(runSchedule(schedule, equal).bubble - expected) < 1e-9, `${devices} ${batches}`);
    }
    const twice = { forward: 1, input: 1, weights: 1 };
    const expected = (devices - 2) / (1.5 * devices + devices - 2);
    assert.ok(Math.abs(runSchedule(chimera(devices, devices), twice).bubble - expected) < 1e-9);
  }
});

test('Chimera has two stages on each device, passes each micro-batch once, and keeps K/2 + 1 to K of them', () => {
  for (const devices of [4, 8, 16]) {
    const schedule = chimera(devices, 2 * devices);
    for (const [device, order] of schedule.orders.entries()) {
      assert.equal(order.length, 4 * devices);
      assert.equal(
        new Set(order.map(({ kind, batch, part }) => `${kind} ${batch} ${part}`)).size,
        order.length,
      );
      assert.deepEqual(new Set(order.map(({ part }) => part)), new Set([device, devices - 1 - device]));
      assert.ok(order.every((operation) => chimeraDevice(devices, operation) === device));
      const kept = mostKept(order, schedule, () => 1);
      assert.ok(kept >= devices / 2 + 1 && kept <= devices, `${kept} on device ${device} of ${devices}`);
    }
  }
  assert.throws(() => chimera(3, 6), /3 devices and 6 micro-batches; use an even number/);
});

test('messages between devices delay what reads them, and none within a device', () => {
  const prices = { secondsOf: () => 1, arrivalOf: () => 0.5 };
  // One micro-batch: two forward and two backward passes, and a message each way.
  assert.equal(runPriced(gpipe(2, 1), prices).seconds, 5);
  assert.equal(runPriced(gpipe(1, 1), prices).seconds, 2);
});
