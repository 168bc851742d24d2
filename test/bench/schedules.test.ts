import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSchedule } from '../../bench/schedules/run-schedule.js';
import {
  gpipe,
  interleaved,
  oneForwardOneBackward,
  type Schedule,
  zeroBubble,
} from '../../bench/schedules/schedule.js';

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
