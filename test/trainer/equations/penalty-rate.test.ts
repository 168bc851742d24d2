import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minimiseViolations, SMOOTH_CHAINS } from '../support/augmented-lagrangian.js';
import { within } from '../support/measured.js';
import { relativeError } from '../support/small-network.js';
import { length, plus } from '../support/stage-chain.js';

// docs/method.md, check 4. At the smallest beta the next order, 1/beta^2, bends the slope by about the error itself (1 %).
const SLOPE_TOLERANCE = 0.1;
/** The minimisation ends where float64 does; its residual must be far below the error that is measured. */
const STATIONARITY_TOLERANCE = 1e-10;

for (const { name, chain, serial, norms, smallestBeta } of SMOOTH_CHAINS) {
  test(`${name}: the penalty's gradient error falls as 1/beta when lambda is minimised`, (t) => {
    const { gradients: expected } = chain.backPropagation(serial);
    const betas = [1, 10, 100].map((factor) => factor * smallestBeta);
    const errorAt = (beta: number) => {
      const violations = minimiseViolations(chain, norms, beta);
      const passes = chain.forward(violations);
      const inputs = violations.map((r, k) => (k === 0 ? r : plus(passes[k - 1]!.output.values, r)));
      const local = chain.localGradients(passes, inputs, norms, beta);
      // d L / d lambda_k from the stages' own local losses: zero where lambda is minimised.
      for (let k = 1; k <= chain.last; k++) {
        const pull = violations[k]!.map((r) => (beta * r) / norms[k]!);
        const residual = length(plus(local.inputGradients[k]!, pull)) / length(pull);
        assert.ok(residual < STATIONARITY_TOLERANCE, `lambda_${k} is not minimised: ${residual}`);
      }
      return relativeError(local.gradients, expected);
    };
    const errors = betas.map(errorAt);
    t.diagnostic(`check 4, ${name}: errors ${errors.map((e) => e.toExponential(2))} at beta ${betas}`);
    t.diagnostic(`check 4, ${name}: ${errorAt(smallestBeta / 10).toExponential(1)} a decade below`);
    for (const index of [1, 2]) {
      const slope = Math.log10(errors[index - 1]! / errors[index]!);
      within(
        t,
        `check 4, ${name}: distance of the slope ${slope.toFixed(3)} from 1`,
        Math.abs(slope - 1),
        SLOPE_TOLERANCE,
      );
    }
  });
}
