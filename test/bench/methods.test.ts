import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTENDERS, specOf } from '../../bench/methods/contenders.js';
import { CONTROL, type Run, summarize, table } from '../../bench/methods/summary.js';
import { METHODS } from '../trainer/support/training-tasks.js';

test('the comparison of methods has the control, and only jobs that the service would take', () => {
  const types = Object.values(CONTENDERS).map((method) => specOf(method, 1).method.type);
  assert.ok(types.includes(CONTROL));
  assert.ok(types.every((type) => METHODS.includes(type)));
});

test('methods are compared with the control by mean, spread and least gap', () => {
  const run = (method: string, seed: number, after: number): Run => ({
    method,
    seed,
    before: method === 'backprop' ? null : after / 2,
    after,
    compact: null,
    seconds: 1,
  });
  const runs = [
    run('frozen', 1, 0.5),
    run('frozen', 2, 0.6),
    run('penalty', 1, 0.7),
    run('penalty', 2, 0.9),
    run('backprop', 1, 0.8),
  ];
  const [frozen, penalty, backprop] = summarize(runs);
  assert.deepEqual([frozen?.gap, frozen?.aboveControl, backprop?.before], [null, null, null]);
  // Rounding of sums of a few numbers below 1.
  const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-12);
  near(penalty!.after.mean, 0.8);
  near(penalty!.after.spread, Math.sqrt(0.02));
  near(penalty!.aboveControl!, 0.25);
  near(penalty!.gap!, 0.1);
  assert.match(
    table(summarize(runs)),
    /\| penalty \| 40\.0 ± 7\.1 \| 80\.0 ± 14\.1 \| {2}\| \+25\.0 \| \+10\.0 \|/,
  );
});
