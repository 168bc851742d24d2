import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as kernels from '../../../src/trainer/kernels/index.js';
import {
  convolutionByPatches,
  inputGradientByPatches,
  isByPatches,
  kernelGradientByPatches,
} from '../../../src/trainer/kernels/patches.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';

/** Sums of at most 245 products of standard normal numbers, in another order. */
const TOLERANCE = 1e-5;

/** Height, width, size of the kernel, stride, rule: even and odd sides, padding on one side or both, kernels above the image. */
const SHAPES = [
  [2, 2, 3, 1, 'same'],
  [4, 4, 3, 2, 'same'],
  [3, 3, 3, 1, 'same'],
  [1, 2, 3, 1, 'same'],
  [3, 2, 3, 2, 'same'],
  [4, 3, 1, 2, 'same'],
  [2, 3, 7, 2, 'same'],
  [4, 4, 3, 2, 'symmetric'],
  [3, 2, 3, 2, 'symmetric'],
  [2, 4, 7, 2, 'symmetric'],
] as const;

const random = randomStream(1, 'patches');
const draw = (shape: readonly number[]): Tensor =>
  upload(
    Float32Array.from({ length: shape.reduce((product, side) => product * side, 1) }, () => normal(random)),
    shape,
  );

for (const [height, width, size, stride, padding] of SHAPES) {
  test(`patches equal the convolution: ${height}x${width}, ${size}x${size} by ${stride}, ${padding} padding, with both gradients`, () => {
    const before = liveTensors();
    arena(() => {
      const [images, kernel] = [draw([3, height, width, 5]), draw([size, size, 5, 4])];
      const window = { stride, padding };
      const shape = { images: images.shape, kernel: kernel.shape, window };
      assert.ok(!isByPatches(shape), 'or the two would be one');
      const output = kernels.convolution(images, kernel, window);
      const cotangent = draw(output.shape);
      near(convolutionByPatches(images, kernel, shape), output);
      near(
        kernelGradientByPatches(images, cotangent, shape),
        kernels.convolutionKernelGradient(images, kernel.shape, cotangent, window),
      );
      near(
        inputGradientByPatches(kernel, cotangent, shape),
        kernels.convolutionInputGradient(images.shape, kernel, cotangent, window),
      );
    });
    assert.equal(liveTensors(), before);
  });
}

function near(actual: Tensor, expected: Tensor): void {
  assert.deepEqual(actual.shape, expected.shape);
  const values = read(expected);
  read(actual).forEach((value, index) => {
    assert.ok(Math.abs(value - values[index]!) < TOLERANCE, `${value}, not ${values[index]}`);
  });
}

test('large kernels over few positions go by patches, whatever the batch; others do not', () => {
  const byOne = { stride: 1, padding: 'same' } as const;
  const large = { kernel: [3, 3, 512, 512], window: byOne };
  for (const batch of [1, 32, 128]) assert.ok(isByPatches({ ...large, images: [batch, 2, 2, 512] }));
  assert.ok(
    isByPatches({ kernel: [3, 3, 256, 512], window: { ...byOne, stride: 2 }, images: [32, 4, 4, 256] }),
  );
  assert.ok(!isByPatches({ ...large, images: [32, 7, 7, 512] }));
  assert.ok(!isByPatches({ kernel: [3, 3, 64, 64], window: byOne, images: [32, 2, 2, 64] }));
});
