import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStages, type ModelFamily, parametersOf } from '../../../src/network/index.js';
import { within } from '../support/measured.js';
import { LABELS, randomFeatures, relativeError, smallNetwork } from '../support/small-network.js';
import { plus, StageChain, serialInputs, squaredNorms } from '../support/stage-chain.js';

// docs/method.md, checks 2, 3 and 6 in float64; their float32 twins are in ../coupling.test.ts.

for (const family of ['resnet', 'wide-resnet', 'imagenet-resnet'] satisfies ModelFamily[]) {
  const { network, values } = smallNetwork(family);
  const stages = describeStages(network, [1, 1, network.blocks.length - 2], 0.1);
  const chain = new StageChain(stages, values, randomFeatures(8, network.image), LABELS);
  const serial = chain.forward();
  const { gradients: expected, inputGradients } = chain.backPropagation(serial);
  const inputs = serialInputs(serial);
  const norms = squaredNorms(serial);
  const kappa = inputGradients.map((g) => g.map((value) => -value));

  for (const beta of [1e-2, 1, 1e2, 1e4]) {
    test(`${family}, beta ${beta}: lambda = o and kappa = -g give BP's gradient in float64`, (t) => {
      const { gradients } = chain.localGradients(serial, inputs, norms, beta, kappa);
      // The residual is exactly zero, so beta multiplies no rounding.
      within(t, `check 2, float64, ${family}, beta ${beta}`, relativeError(gradients, expected), 1e-12);
    });
  }

  test(`${family}: the error of another multiplier is the gradient's error`, (t) => {
    const wrong = kappa.map((values_) => values_.map((value) => value * (1 + 1e-6)));
    const { gradients } = chain.localGradients(serial, inputs, norms, 1, wrong);
    const error = relativeError(gradients, expected);
    t.diagnostic(`multiplier off by 1e-6: gradient off by ${error.toExponential(1)}`);
    // Shows that the comparison above would see an error a million times the tolerance.
    assert.ok(error > 1e-7 && error < 1e-5);
  });

  test(`${family}: lambda = o without a multiplier gives no gradient below the last stage`, (t) => {
    const { gradients } = chain.localGradients(serial, inputs, norms, 10);
    const lower = stages.slice(0, -1).flatMap(({ layers }) => parametersOf(layers));
    const largest = Math.max(...lower.map(({ name }) => Math.max(...gradients.get(name)!.map(Math.abs))));
    within(t, `check 3, float64, ${family}`, largest, 1e-14);
  });

  for (const beta of [1e-3, 1, 1e3, 1e6]) {
    test(`${family}, beta ${beta}: correcting from the top, lambda = o - N g / beta, is back-propagation`, (t) => {
      const gradients = new Map<string, Float64Array>();
      let cotangent = chain.lossCotangent(serial);
      for (let k = chain.last; k > 0; k--) {
        const g = serial[k]!.pullback(cotangent, gradients);
        const output = serial[k - 1]!.output.values;
        const corrected = plus(output, g, -norms[k]! / beta);
        cotangent = output.map((o, index) => (beta * (o - corrected[index]!)) / norms[k]!);
      }
      serial[0]!.pullback(cotangent, gradients);
      // o - (o - N g / beta) keeps |N g / beta| / |o| of float64's sixteen digits: six are lost at beta 1e6.
      const tolerance = beta > 1e3 ? 1e-8 : 1e-10;
      within(t, `check 6, ${family}, beta ${beta}`, relativeError(gradients, expected), tolerance);
    });
  }
}
