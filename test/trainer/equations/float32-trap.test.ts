import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStages, parametersOf } from '../../../src/network/index.js';
import * as kernels from '../../../src/trainer/kernels/index.js';
import { coupling } from '../../../src/trainer/objective/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, scalar, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { within } from '../support/measured.js';
import {
  LABELS,
  randomFeatures,
  readAll,
  relativeError,
  smallNetwork,
  uploadFeatures,
} from '../support/small-network.js';
import { length, StageChain, squaredNorms } from '../support/stage-chain.js';

// docs/method.md, check 7: the multiplier as a tensor of its own, or as the difference of two large ones.

/** Root mean square of a mean loss's gradient at a boundary, late in training: 1e-5 to 1e-6 (docs/method.md). */
const GRADIENT_SIZE = 1e-5;
const BETAS = [1e-3, 1e-2, 1e-1, 1, 10, 1e2, 1e3];

const images = randomFeatures(8);
const { network, values } = smallNetwork('resnet');
const stages = describeStages(network, [2, 1], 0.1);
const chain = new StageChain(stages, values, images, LABELS);
const serial = chain.forward();
const norm = squaredNorms(serial)[1]!;
const fresh = chain.backPropagation(serial).inputGradients[1]!;
const scale = (GRADIENT_SIZE * Math.sqrt(fresh.length)) / length(fresh);
const g = Float32Array.from(fresh, (value) => scale * value);
const expected = new Map<string, Float64Array>();
serial[0]!.pullback(Float64Array.from(g), expected);

test('stage 0 has the float64 gradient at any beta if g is a tensor of its own', (t) => {
  for (const beta of BETAS) {
    const actual = stageGradients((o, gradient) => coupling(o, o, gradient, { beta }).cotangent);
    // The error of float32 in any gradient here (reference-gradients.test.ts); beta adds nothing to it.
    within(t, `check 7, beta ${beta}, ours`, relativeError(actual, expected), 1e-5);
  }
});

for (const [units, stepNorm] of [
  ["the source's units", 1],
  ['relative units', norm],
] as const) {
  test(`${units}: the gradient read back from lambda+ - lambda loses its digits as beta grows`, (t) => {
    const errors = BETAS.map((beta) => {
      const actual = stageGradients((o, gradient) => recovered(o, gradient, stepNorm / beta));
      return relativeError(actual, expected);
    });
    t.diagnostic(
      `check 7, by subtraction, ${units}: ${errors.map((e) => e.toExponential(1))} at beta ${BETAS}`,
    );
    // Rounding of o (6e-8 of it) against a step of N |g| / beta: ten times worse a decade, once above float32's own.
    assert.ok(errors.at(-2)! > 30 * errors.at(-4)!);
    assert.ok(errors.at(-1)! > 1e-3, 'a hundred times what check 7 allows');
    if (stepNorm === 1) assert.ok(errors.at(-1)! > 0.5, 'at beta 1000 nothing is left of it');
  });
}

/** (lambda - lambda+) / step with lambda+ = lambda - step g, in the trainer's float32. */
function recovered(lambda: Tensor, gradient: Tensor, step: number): Tensor {
  const corrected = kernels.subtract(lambda, kernels.multiply(gradient, scalar(step)));
  return kernels.multiply(kernels.subtract(lambda, corrected), scalar(1 / step));
}

/** Stage 0's gradients by the trainer, from the cotangent that `cotangentOf` makes of its output and g. */
function stageGradients(
  cotangentOf: (output: Tensor, gradient: Tensor) => Tensor,
): Map<string, Float32Array> {
  return arena(() => {
    const { layers } = stages[0]!;
    const gradients = new Map<string, Tensor>();
    const weights = uploadWeights(parametersOf(layers), values);
    const pass = trainPass(layers, uploadFeatures(images), { weights, gradients }, false);
    pass.pullback(cotangentOf(pass.output, upload(g, pass.output.shape)));
    return readAll(gradients);
  });
}
