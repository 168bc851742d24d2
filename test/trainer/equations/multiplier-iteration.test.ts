import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minimiseViolations, SMOOTH_CHAINS } from '../support/augmented-lagrangian.js';
import { within } from '../support/measured.js';
import { dot, plus } from '../support/stage-chain.js';

// docs/method.md, check 5, in the source's units (N = 1): near the solution a step multiplies the error by
// h / (h + beta), h the curvature of the loss in lambda (Bertsekas, Constrained Optimization and Lagrange
// Multiplier Methods, 1982, section 2.2); 0.25 at beta 1 is a curvature up to a third.
const MAX_CONTRACTION = 0.25;
const STEPS = 4;

for (const { name, chain, serial, norms, units } of SMOOTH_CHAINS) {
  if (units !== 'source') continue;
  const { inputGradients } = chain.backPropagation(serial);

  /** |kappa + g| / |g| before and after each outer step: kappa <- kappa + beta (lambda - o) / N, from kappa = 0. */
  function errorsOf(beta: number): number[] {
    let kappa = inputGradients.map((g) => g.map(() => 0));
    const errors = [1];
    for (let step = 0; step < STEPS; step++) {
      const violations = minimiseViolations(chain, norms, beta, kappa);
      kappa = kappa.map((value, k) => (k === 0 ? value : plus(value, violations[k]!, beta / norms[k]!)));
      errors.push(distance(kappa));
    }
    return errors;
  }

  function distance(kappa: readonly Float64Array[]): number {
    let [difference, norm] = [0, 0];
    for (let k = 1; k <= chain.last; k++) {
      const g = inputGradients[k]!;
      const error = plus(kappa[k]!, g);
      difference += dot(error, error);
      norm += dot(g, g);
    }
    return Math.sqrt(difference / norm);
  }

  test(`${name}: the multiplier iteration contracts to kappa = -g at beta 1`, (t) => {
    const errors = errorsOf(1);
    const ratios = errors.slice(1).map((error, index) => error / errors[index]!);
    t.diagnostic(`check 5, ${name}, beta 1: errors ${errors.map((error) => error.toExponential(1))}`);
    within(t, `check 5, ${name}, beta 1: contraction`, Math.max(...ratios), MAX_CONTRACTION);
    assert.ok(ratios.every((ratio) => ratio > 0));
  });

  test(`${name}: four steps at beta 10 find the multiplier`, (t) => {
    within(t, `check 5, ${name}, beta 10: error after ${STEPS} steps`, errorsOf(10).at(-1)!, 1e-5);
  });
}
