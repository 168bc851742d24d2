import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as kernels from '../../../src/trainer/kernels/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';

/** Widths of whole vector registers and others; the fused kernel's sums round otherwise in the latter. */
const SHAPES = [
  [4, 5, 7, 3],
  [8, 14, 14, 4],
  [8, 8, 8, 16],
  [2, 9, 9, 24],
] as const;
/** Sums over at most 1,568 values, in another order. */
const TOLERANCE = 2e-6;

for (const shape of SHAPES) {
  test(`batch norm with ReLU is one after the other, gradients included: ${shape.join('x')}`, () => {
    const before = liveTensors();
    arena(() => {
      const random = randomStream(1, 'norm-relu');
      const draw = (...sides: number[]) =>
        upload(
          Float32Array.from({ length: sides.reduce((a, b) => a * b, 1) }, () => normal(random)),
          sides,
        );
      const [features, cotangent] = [draw(...shape), draw(...shape)];
      const [gamma, beta] = [draw(shape[3]), draw(shape[3])];
      const joined = kernels.batchNormRelu(features, gamma, beta, true);
      const alone = kernels.batchNorm(features, gamma, beta);
      const output = kernels.relu(alone.output);
      near(joined.output, output);
      near(joined.batchMean, alone.batchMean);
      near(joined.batchVariance, alone.batchVariance);
      assert.ok(read(joined.output).every((value) => value >= 0));
      const gradient = (reserved: readonly Tensor[]) =>
        kernels.batchNormGradient(kernels.reluGradient(cotangent, output), features, gamma, reserved);
      near(gradient(joined.reserved).features, gradient(alone.reserved).features);
      near(kernels.batchNormRelu(features, gamma, beta, false).output, alone.output);
    });
    assert.equal(liveTensors(), before);
  });
}

function near(actual: Tensor, expected: Tensor): void {
  const values = read(expected);
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
  read(actual).forEach((value, index) => {
    assert.ok(Math.abs(value - values[index]!) <= TOLERANCE * largest, `${value}, not ${values[index]}`);
  });
}
