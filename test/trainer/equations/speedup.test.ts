import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  breakEvenStages,
  predictedSpeedUp,
  type StepParts,
  speedUpBound,
  unevenSpeedUp,
  withEndToEndShare,
} from '../../../src/planning/costs/index.js';
import { within } from '../support/measured.js';

// docs/method.md, check 11. A handful of float64 operations: a few units of 2^-53.
const TOLERANCE = 1e-12;

const time = fc.double({ min: 0.1, max: 100, noNaN: true });
const parts: fc.Arbitrary<StepParts> = fc.record({
  data: time,
  forward: time,
  backward: time,
  coupling: time,
  auxiliaryForward: time,
  auxiliaryBackward: time,
});
const stageCount = fc.integer({ min: 1, max: 64 });
const NOTHING = { coupling: 0, auxiliaryForward: 0, auxiliaryBackward: 0 } as const;

test('Eq. 27: K stages without data and overhead are K times as fast', (t) => {
  let worst = 0;
  fc.assert(
    fc.property(parts, stageCount, (times, stages) => {
      const rho = predictedSpeedUp({ ...times, ...NOTHING, data: 0 }, stages);
      worst = Math.max(worst, Math.abs(rho / stages - 1));
    }),
  );
  within(t, 'check 11, no overhead', worst, TOLERANCE);
});

test('Eq. 27 rises with K, and meets its bound for large K from below', (t) => {
  let worst = 0;
  fc.assert(
    fc.property(parts, stageCount, (times, stages) => {
      const rho = predictedSpeedUp(times, stages);
      assert.ok(predictedSpeedUp(times, stages + 1) > rho);
      assert.ok(speedUpBound(times) > rho);
      // (T_f + T_b) / K is at most 200 / 2^53 beside parts that sum to 0.4 or more.
      const large = predictedSpeedUp(times, Number.MAX_SAFE_INTEGER);
      worst = Math.max(worst, Math.abs(large / speedUpBound(times) - 1));
    }),
  );
  within(t, 'check 11, bound', worst, TOLERANCE);
  assert.equal(speedUpBound({ data: 0, forward: 1, backward: 2, ...NOTHING }), Number.POSITIVE_INFINITY);
});

test('Eq. 27 exceeds 1 from the break-even K on and not before, and for no K where the overhead is too large', () => {
  fc.assert(
    fc.property(parts, (times) => {
      const least = breakEvenStages(times);
      const saves =
        times.forward + times.backward > times.coupling + times.auxiliaryForward + times.auxiliaryBackward;
      assert.equal(least !== null, saves);
      if (least === null) return assert.ok(speedUpBound(times) <= 1 + TOLERANCE);
      fc.pre(least < 1e9);
      assert.ok(predictedSpeedUp(times, least) > 1 - TOLERANCE);
      if (least > 1) assert.ok(predictedSpeedUp(times, least - 1) <= 1 + TOLERANCE);
    }),
  );
  // T_f + T_b = 3, overhead 2: K = 3 breaks even exactly, K = 4 gains.
  const times = {
    data: 1,
    forward: 1,
    backward: 2,
    coupling: 1,
    auxiliaryForward: 0.5,
    auxiliaryBackward: 0.5,
  };
  assert.equal(predictedSpeedUp(times, 3), 1);
  assert.equal(breakEvenStages(times), 4);
});

test('equal stages give Eq. 27; the slowest of uneven ones sets the pace', (t) => {
  let worst = 0;
  fc.assert(
    fc.property(parts, stageCount, (times, stages) => {
      const share = { ...times, forward: times.forward / stages, backward: times.backward / stages };
      const even = unevenSpeedUp(times, Array(stages).fill(share));
      worst = Math.max(worst, Math.abs(even / predictedSpeedUp(times, stages) - 1));
      const slow = { ...share, forward: share.forward * 1.5 };
      assert.ok(unevenSpeedUp(times, [share, slow]) < unevenSpeedUp(times, [share]));
      assert.equal(unevenSpeedUp(times, [share, slow]), unevenSpeedUp(times, [slow]));
    }),
  );
  within(t, 'check 11, balance', worst, TOLERANCE);
});

test('an end-to-end share lies between no gain and the whole of it', (t) => {
  let worst = 0;
  const speedUps = fc.double({ min: 0.1, max: 100, noNaN: true });
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(speedUps, part, part, fc.integer({ min: 1, max: 64 }), (rho, share, of, replicas) => {
      const alone = share * of;
      const shares = { alone, shared: share - alone, replicas };
      worst = Math.max(
        worst,
        Math.abs(withEndToEndShare(rho, { alone: 0, shared: 0, replicas }) / rho - 1),
        Math.abs(withEndToEndShare(rho, { alone: 1, shared: 0, replicas }) - 1),
        Math.abs(withEndToEndShare(rho, { alone: 0, shared: 1, replicas }) / replicas - 1),
      );
      // By times: a serial second becomes s + u / n + (1 - s - u) / rho.
      const second = alone + (share - alone) / replicas + (1 - share) / rho;
      worst = Math.max(worst, Math.abs(withEndToEndShare(rho, shares) * second - 1));
    }),
  );
  within(t, 'check 11, end-to-end share', worst, TOLERANCE);
});

test('impossible times and counts are refused by name', () => {
  const times = { data: 1, forward: 1, backward: 2, ...NOTHING };
  assert.throws(() => predictedSpeedUp({ ...times, backward: Number.NaN }, 2), /backward is NaN/);
  assert.throws(() => speedUpBound({ ...times, data: -1 }), /data is -1/);
  for (const stages of [0, 1.5]) assert.throws(() => predictedSpeedUp(times, stages), RangeError);
  for (const alone of [-0.1, 1.1, Number.NaN]) {
    assert.throws(() => withEndToEndShare(2, { alone, shared: 0, replicas: 1 }), RangeError);
    assert.throws(() => withEndToEndShare(2, { alone: 0.5, shared: alone, replicas: 1 }), RangeError);
  }
  assert.throws(() => withEndToEndShare(2, { alone: 0, shared: 0, replicas: 0 }), /replicas is 0/);
  assert.throws(() => unevenSpeedUp(times, []), RangeError);
});
