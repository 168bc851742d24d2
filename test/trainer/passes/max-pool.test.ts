import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeNetwork, maxPoolLayer, parametersOf, wholeNetwork } from '../../../src/network/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, liveTensors, read, upload } from '../../../src/trainer/runtime/index.js';
import { referenceForward } from '../support/reference.js';
import { CLASSES, perturbedValues, randomFeatures, uploadFeatures } from '../support/small-network.js';

for (const [height, width, padding] of [
  [8, 8, 'same'],
  [7, 5, 'same'],
  [9, 6, 'same'],
  [1, 2, 'same'],
  [8, 8, 'symmetric'],
  [9, 6, 'symmetric'],
  [1, 2, 'symmetric'],
] as const) {
  test(`max-pool of ${height}x${width}, 3x3 by 2, ${padding} padding: output and gradient equal the reference`, () => {
    const image = { height, width, channels: 2 };
    const layer = maxPoolLayer('pool', 3, 2, image, padding);
    assert.equal(layer.padding, padding);
    const images = randomFeatures(6, image);
    const expected = referenceForward([layer], images, new Map());
    assert.deepEqual(expected.shape.slice(1, 3), [Math.ceil(height / 2), Math.ceil(width / 2)]);
    const cotangent = Float32Array.from(expected.values, (_, index) => Math.sin(index + 1));
    const before = liveTensors();
    const { output, gradient } = arena(() => {
      const context = { weights: new Map(), gradients: new Map() };
      const pass = trainPass([layer], uploadFeatures(images), context, true);
      const values = read(pass.output);
      const pulled = pass.pullback(upload(cotangent, pass.output.shape))!;
      return { output: values, gradient: read(pulled) };
    });
    assert.equal(liveTensors(), before);
    // The largest of float32 numbers is one of them: no rounding at all.
    assert.deepEqual(output, Float32Array.from(expected.values));
    images.values.forEach((_, index) => {
      const moved = images.values.slice();
      // Small beside the gaps between the values: each window's largest stays the largest.
      moved[index]! += 1e-7;
      const other = referenceForward([layer], { ...images, values: moved }, new Map()).values;
      const slope =
        other.reduce((sum, value, at) => sum + (value - expected.values[at]!) * cotangent[at]!, 0) / 1e-7;
      // Central values around 1 differ by 1e-7: nine digits of sixteen are left.
      assert.ok(Math.abs(slope - gradient[index]!) < 1e-6, `${index}: ${slope} against ${gradient[index]}`);
    });
  });
}

for (const depth of [18, 50]) {
  test(`all ${depth} layers of a narrow imagenet-resnet compute what the float64 reference computes`, () => {
    const image = { height: 64, width: 65, channels: 3 };
    const size = { family: 'imagenet-resnet', depth, width: 2 } as const;
    const layers = wholeNetwork(describeNetwork(size, image, CLASSES));
    const values = perturbedValues(layers);
    const images = randomFeatures(7, image);
    const expected = referenceForward(layers, images, values).values;
    const actual = arena(() => {
      const weights = uploadWeights(parametersOf(layers), values);
      const context = { weights, gradients: new Map() };
      return read(trainPass(layers, uploadFeatures(images), context, false).output);
    });
    const errors = expected.map(
      (value, index) => Math.abs(value - actual[index]!) / Math.max(1, Math.abs(value)),
    );
    // float32 through 53 convolutions, and batch norms over 24 values divide by small deviations: 5.5e-5 measured.
    assert.ok(Math.max(...errors) < 1e-4, `${Math.max(...errors)}`);
  });
}
