import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeNetwork,
  halfDepth,
  type ModelFamily,
  type ModelSize,
  originsIn,
  parametersOf,
  wholeNetwork,
} from '../../src/network/index.js';
import { initialValues } from '../../src/trainer/optimizer/index.js';
import { type Features, referenceForward, type Values } from '../trainer/support/reference.js';
import { CLASSES, IMAGE, perturbedValues, randomFeatures } from '../trainer/support/small-network.js';

const NETWORKS: readonly { readonly shallow: ModelSize; readonly deep: ModelSize; readonly last: RegExp }[] =
  [
    {
      shallow: { family: 'resnet', depth: 14, width: 3 },
      deep: { family: 'resnet', depth: 26, width: 3 },
      last: /norm2\/(gamma|beta)$/,
    },
    {
      shallow: { family: 'wide-resnet', depth: 16, width: 1 },
      deep: { family: 'wide-resnet', depth: 28, width: 1 },
      last: /conv2\/kernel$/,
    },
  ];

const layersOf = (model: ModelSize) => wholeNetwork(describeNetwork(model, IMAGE, CLASSES));

/** The start of the deep network, in float64, from a shallow one. */
function refined(deep: ModelSize, shallow: Values): Values {
  const origin = originsIn(deep, describeNetwork(deep, IMAGE, CLASSES));
  const chance = initialValues(parametersOf(layersOf(deep)), 7);
  return new Map(
    [...chance].map(([name, drawn]) => {
      const { name: from, factor } = origin(name);
      const values = from === null ? Float64Array.from(drawn) : shallow.get(from)!;
      return [name, Float64Array.from(values, (value) => value * factor)];
    }),
  );
}

/** The network whose branches are h times as large. */
function scaled(values: Values, last: RegExp, h: number): Values {
  return new Map(
    [...values].map(([name, of]) => [name, last.test(name) ? Float64Array.from(of, (v) => v * h) : of]),
  );
}

function distance(one: Features, other: Features): number {
  return Math.sqrt(one.values.reduce((sum, value, index) => sum + (value - other.values[index]!) ** 2, 0));
}

// Oracle of init_from.refine.
for (const { shallow, deep, last } of NETWORKS) {
  test(`${shallow.family}: a refined network differs by the square of its branches, and at h = 0 by no bit`, () => {
    const images = randomFeatures(1);
    const values: Values = new Map(
      [...perturbedValues(layersOf(shallow))].map(([name, of]) => [name, Float64Array.from(of)]),
    );
    const [large, small] = [1 / 16, 1 / 256].map((h) => {
      const theirs = scaled(values, last, h);
      const before = referenceForward(layersOf(shallow), images, theirs);
      return distance(referenceForward(layersOf(deep), images, refined(deep, theirs)), before);
    });
    // f_2x(x) = f(x) + h/2 (F(x + h/2 F(x)) - F(x)): the second order in h for each block. Kinks of ReLU blur it.
    const slope = Math.log(large! / small!) / Math.log(16);
    assert.ok(small! > 0 && slope > 1.7 && slope < 2.3, `slope ${slope}`);
    const none = scaled(values, last, 0);
    assert.deepEqual(
      referenceForward(layersOf(deep), images, refined(deep, none)).values,
      referenceForward(layersOf(shallow), images, none).values,
    );
  });
}

test('depths that refine have an even number of blocks in each group', () => {
  const depths = (family: ModelFamily, of: readonly number[]) =>
    of.map((depth) => halfDepth({ family, depth }));
  assert.deepEqual(depths('resnet', [8, 14, 20, 26, 110, 218]), [null, 8, null, 14, 56, 110]);
  assert.deepEqual(depths('wide-resnet', [10, 16, 22, 28, 40]), [null, 10, null, 16, 22]);
  assert.deepEqual(depths('imagenet-resnet', [18, 34, 50]), [null, null, null]);
  const model = { family: 'resnet', depth: 20, width: 2 } as const;
  assert.throws(() => originsIn(model, describeNetwork(model, IMAGE, CLASSES)), RangeError);
});
