import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as kernels from '../../../src/trainer/kernels/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, upload } from '../../../src/trainer/runtime/index.js';

/** Sums of at most 1,280 products of standard normal numbers, in another order. */
const TOLERANCE = 1e-4;
const BATCH = 5;

/** Side, stride, channels in and out: kernels of one point, as the shortcuts of blocks that halve their features. */
const SHAPES = [
  [8, 2, 4, 8],
  [32, 2, 4, 32],
  [32, 2, 3, 8],
  [7, 2, 5, 4],
  [9, 3, 7, 16],
  [8, 2, 8, 16],
  [8, 1, 4, 8],
] as const;

const random = randomStream(1, 'points');
const draw = (length: number) => Float32Array.from({ length }, () => normal(random));

for (const [side, stride, channels, outputs] of SHAPES) {
  for (const padding of ['same', 'symmetric'] as const) {
    test(`kernel gradient of one point by ${stride}, ${side}x${side}x${channels} to ${outputs}, ${padding}: sums in float64`, () => {
      const before = liveTensors();
      const out = Math.ceil(side / stride);
      const images = draw(BATCH * side * side * channels);
      const cotangent = draw(BATCH * out * out * outputs);
      const expected = new Float64Array(channels * outputs);
      for (let b = 0; b < BATCH; b++)
        for (let y = 0; y < out; y++)
          for (let x = 0; x < out; x++)
            for (let c = 0; c < channels; c++)
              for (let o = 0; o < outputs; o++)
                expected[c * outputs + o]! +=
                  images[((b * side + y * stride) * side + x * stride) * channels + c]! *
                  cotangent[((b * out + y) * out + x) * outputs + o]!;
      // Wrong sums come from memory that is not theirs: not every time.
      for (let again = 0; again < 3; again++) {
        arena(() => {
          const gradient = kernels.convolutionKernelGradient(
            upload(images, [BATCH, side, side, channels]),
            [1, 1, channels, outputs],
            upload(cotangent, [BATCH, out, out, outputs]),
            { stride, padding },
          );
          assert.deepEqual(gradient.shape, [1, 1, channels, outputs]);
          const values = read(gradient);
          expected.forEach((value, index) => {
            assert.ok(Math.abs(values[index]! - value) < TOLERANCE, `${values[index]}, not ${value}`);
          });
        });
      }
      assert.equal(liveTensors(), before);
    });
  }
}
