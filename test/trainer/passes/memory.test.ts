import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEMORY_POLICIES, type MemoryPolicy, type PassMemory } from '../../../src/method/index.js';
import {
  convLayer,
  keptValues,
  type Layer,
  leastKept,
  normLayer,
  parametersOf,
} from '../../../src/network/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { KEEPERS } from '../../../src/trainer/passes/keepers/index.js';
import { arena, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import {
  LABELS,
  perturbedValues,
  randomFeatures,
  readAll,
  relativeError,
  smallNetwork,
  uploadFeatures,
} from '../support/small-network.js';

// Oracle of method.memory stash, recompute, bfloat16, int8.

const STASH: PassMemory = { policy: 'stash', maxBytes: null };
const POLICIES = Object.keys(MEMORY_POLICIES) as MemoryPolicy[];
const DRAW = { seed: 3, step: 7 };

interface Pulled {
  readonly output: Float32Array;
  readonly input: Float32Array;
  readonly gradients: Map<string, Float32Array>;
  /** Tensors that wait for the backward pass. */
  readonly waiting: number;
}

function pulled(
  layers: readonly Layer[],
  values: ReadonlyMap<string, Float32Array>,
  memory: PassMemory,
  precision: 'float32' | 'bfloat16' = 'float32',
): Pulled {
  const before = liveTensors();
  const result = arena(() => {
    const gradients = new Map<string, Tensor>();
    const weights = uploadWeights(parametersOf(layers), values);
    const images = uploadFeatures(randomFeatures(4));
    const count = liveTensors();
    const context = { weights, gradients, draw: DRAW, precision, memory };
    const pass = trainPass(layers, images, context, true);
    const waiting = liveTensors() - count;
    const output = read(pass.output);
    const cotangent = upload(
      output.map((_, index) => Math.sin(index + 1)),
      pass.output.shape,
    );
    const input = pass.pullback(cotangent)!;
    // Left: the gradients, that of the input, and the cotangent.
    assert.equal(liveTensors(), count + gradients.size + 2);
    return { pulled: { output, input: read(input), gradients: readAll(gradients), waiting } };
  }).pulled;
  assert.equal(liveTensors(), before);
  return result;
}

const NETWORKS = [
  ['resnet of nine blocks', smallNetwork('resnet', { depth: 20 })],
  ['wide-resnet with dropout', smallNetwork('wide-resnet', { depth: 16, dropout: 0.3 })],
] as const;

for (const [name, { layers, values }] of NETWORKS) {
  for (const precision of ['float32', 'bfloat16'] as const) {
    test(`${name}, ${precision}: features that are computed again give bitwise the same gradients, at any budget`, () => {
      const exact = pulled(layers, values, STASH, precision);
      const bytes = (precision === 'float32' ? 4 : 2) * LABELS.length;
      const middle = (leastKept(layers) + keptValues(layers)) / 2;
      const counts = [null, bytes * leastKept(layers), bytes * middle, bytes * keptValues(layers)].map(
        (maxBytes) => {
          const { waiting, ...found } = pulled(layers, values, { policy: 'recompute', maxBytes }, precision);
          const { waiting: _, ...expected } = exact;
          assert.deepEqual(found, expected);
          return waiting;
        },
      );
      const [least, same, some, all] = counts as [number, number, number, number];
      assert.ok(least === same && same < some && some < all && all === exact.waiting, `${counts}`);
    });
  }

  test(`${name}: rounded features leave the forward pass exact, and gradients near the exact ones`, (t) => {
    const exact = pulled(layers, values, STASH);
    // Errors of values are at most 2^-8 and 1/253 of the largest of 64; batch norms add up those of ten blocks.
    for (const [policy, most] of [
      ['bfloat16', 0.02],
      ['int8', 0.05],
    ] as const) {
      const found = pulled(layers, values, { policy, maxBytes: null });
      assert.deepEqual(found.output, exact.output);
      const error = relativeError(found.gradients, exact.gradients);
      t.diagnostic(`memory, ${name}, ${policy}: relative error of the gradient ${error.toExponential(1)}`);
      assert.ok(error > 0 && error < most, `${policy}: ${error}`);
    }
  });
}

/** Rectified features of which every third is zero, in blocks of very different size, with tiny values. */
function features(rectified: boolean): Float32Array {
  return Float32Array.from({ length: 2 * 4 * 4 * 64 }, (_, index) => {
    const value = Math.sin(index * 1.7) * 10 ** ((index >> 6) % 7) * (index % 5 === 0 ? 1e-6 : 1);
    if (rectified) return index % 3 === 0 ? 0 : Math.abs(value);
    return value;
  });
}

for (const policy of POLICIES) {
  for (const rectified of [true, false]) {
    test(`${policy}: ${rectified ? 'rectified ' : ''}features are restored within their bound, in the sign of each`, () => {
      const values = features(rectified);
      const restored = arena(() => {
        const kept = KEEPERS[policy].keep(upload(values, [2, 4, 4, 64]), { rectified });
        const tensor = kept.restore();
        assert.deepEqual(tensor.shape, [2, 4, 4, 64]);
        return { values: read(tensor) };
      }).values;
      values.forEach((value, index) => {
        const block = values.subarray(index - (index % 64), index - (index % 64) + 64);
        const largest = Math.max(...block.map(Math.abs));
        const bounds: Record<MemoryPolicy, number> = {
          stash: 0,
          recompute: 0,
          bfloat16: Math.abs(value) * 2 ** -8,
          int8: largest / (rectified ? 509 : 253),
        };
        const error = Math.abs(value - restored[index]!);
        assert.ok(error <= bounds[policy], `${value} became ${restored[index]}`);
        if (rectified) assert.equal(restored[index]! > 0, value > 0);
      });
    });
  }
}

test('features of zeros stay zeros, and a number of values that has no blocks is kept as it is', () => {
  for (const policy of POLICIES)
    for (const rectified of [true, false])
      for (const [shape, value] of [
        [[2, 4, 4, 4], 0],
        [[1, 3, 3, 1], 1.2345678],
      ] as const) {
        const size = shape.reduce((product, side) => product * side, 1 as number);
        const values = new Float32Array(size).fill(value);
        const restored = arena(() => ({
          values: read(KEEPERS[policy].keep(upload(values, [...shape]), { rectified }).restore()),
        })).values;
        if (value === 0 || policy === 'int8') assert.deepEqual(restored, values);
      }
});

// As in COMET (arXiv:2111.09562): the gradient of a kernel is a sum of products of features and cotangents, so an error of
// at most e in every feature makes one of at most e times the sum of the cotangents' sizes.
test("int8: a kernel's gradient is off by at most the bound of the features times the sizes of the cotangents", () => {
  const shape = { height: 4, width: 4, channels: 16 };
  const layers = [
    convLayer('first', 3, 1, { height: 8, width: 8, channels: 2 }, 16),
    normLayer('norm', { ...shape, height: 8, width: 8 }, true),
    convLayer('second', 1, 1, { ...shape, height: 8, width: 8 }, 16),
  ];
  const values = perturbedValues(layers);
  const [exact, found] = (['stash', 'int8'] as const).map((policy) =>
    pulled(layers, values, { policy, maxBytes: null }),
  ) as [Pulled, Pulled];
  const rectified = arena(() => {
    const weights = uploadWeights(parametersOf(layers), values);
    const pass = trainPass(
      layers.slice(0, 2),
      uploadFeatures(randomFeatures(4)),
      { weights, gradients: new Map() },
      false,
    );
    return { values: read(pass.output) };
  }).values;
  const bound = Math.max(...rectified) / 509;
  const names = ['second/kernel'] as const;
  for (const name of names) {
    const [was, is] = [exact.gradients.get(name)!, found.gradients.get(name)!];
    // The cotangent of an output channel, summed over images and places.
    const sums = Array.from({ length: 16 }, (_, channel) =>
      exact.output.reduce(
        (sum, _, index) => sum + (index % 16 === channel ? Math.abs(Math.sin(index + 1)) : 0),
        0,
      ),
    );
    let largest = 0;
    was.forEach((value, index) => {
      const error = Math.abs(value - is[index]!);
      largest = Math.max(largest, error / (bound * sums[index % 16]!));
    });
    assert.ok(largest > 0 && largest <= 1, `${largest}`);
  }
});
