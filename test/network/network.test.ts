import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  balancedSplit,
  describeNetwork,
  describeStages,
  type ModelSize,
  multiplyAdds,
  parameterCount,
  parametersOf,
  wholeNetwork,
} from '../../src/network/index.js';

const CIFAR = { height: 32, width: 32, channels: 3 } as const;
const SHARE = 0.1;

/** Parameters in millions and multiply-adds in millions as published, to the digits they are published with. */
const PUBLISHED: readonly [ModelSize, parameters: string, multiplyAdds: string | null][] = [
  [{ family: 'resnet', depth: 20, width: 16 }, '0.27', '41'],
  [{ family: 'resnet', depth: 110, width: 16 }, '1.73', '253'],
  [{ family: 'wide-resnet', depth: 16, width: 4 }, '2.7', null],
  [{ family: 'wide-resnet', depth: 28, width: 10 }, '36.5', '5243'],
];

for (const [model, parameters, cost] of PUBLISHED) {
  test(`${model.family}-${model.depth}, width ${model.width}: ${parameters} M parameters`, () => {
    const layers = wholeNetwork(describeNetwork(model, CIFAR, 10));
    const digits = parameters.split('.')[1]!.length;
    assert.equal((parameterCount(layers) / 1e6).toFixed(digits), parameters);
    if (cost) assert.equal((multiplyAdds(layers) / 1e6).toFixed(0), cost);
  });
}

const models: fc.Arbitrary<ModelSize> = fc.oneof(
  fc.record({
    family: fc.constant('resnet' as const),
    depth: fc.integer({ min: 1, max: 4 }).map((n) => 6 * n + 2),
    width: fc.integer({ min: 2, max: 24 }),
  }),
  fc.record({
    family: fc.constant('wide-resnet' as const),
    depth: fc.integer({ min: 1, max: 3 }).map((n) => 6 * n + 4),
    width: fc.integer({ min: 1, max: 4 }),
  }),
);
const images = fc.record({
  height: fc.integer({ min: 28, max: 70 }),
  width: fc.integer({ min: 28, max: 70 }),
  channels: fc.constantFrom(1, 3),
});

test('stages of any split are the network: same parameters in the same order, shapes that meet', () => {
  fc.assert(
    fc.property(models, images, fc.integer({ min: 1, max: 12 }), (model, image, wanted) => {
      const network = describeNetwork(model, image, 10);
      const count = Math.min(wanted, network.blocks.length);
      const stages = describeStages(network, balancedSplit(network, count, SHARE), SHARE);
      const names = stages.flatMap(({ layers }) => parametersOf(layers).map(({ name }) => name));
      assert.deepEqual(
        names,
        parametersOf(wholeNetwork(network)).map(({ name }) => name),
      );
      for (const { auxiliary, input } of stages.slice(1)) {
        const last = auxiliary!.at(-1)!;
        assert.deepEqual(last.op === 'norm' && last.output, input);
      }
      assert.equal(stages[0]!.auxiliary, null);
    }),
  );
});

test('no split has a cheaper costliest stage than the balanced one', () => {
  fc.assert(
    fc.property(models, fc.integer({ min: 1, max: 4 }), (model, count) => {
      const network = describeNetwork(model, CIFAR, 10);
      const blocks = network.blocks.length;
      fc.pre(count <= blocks);
      const prefix = (end: number) =>
        end === 0
          ? 0
          : multiplyAdds([...network.stem, ...network.blocks.slice(0, end).flatMap((b) => b.layers)]);
      const total = multiplyAdds(wholeNetwork(network));
      const bottleneck = (split: readonly number[]) => {
        let start = 0;
        return Math.max(
          ...split.map((size) => {
            const end = start + size;
            const cost = (end === blocks ? total : prefix(end)) - (1 - SHARE) * prefix(start);
            start = end;
            return cost;
          }),
        );
      };
      const best = Math.min(...splits(blocks, count).map(bottleneck));
      // The bisection ends within 2^-60 of the bound; the head's few operations are in no prefix but the last.
      assert.ok(bottleneck(balancedSplit(network, count, SHARE)) <= best * (1 + 1e-9));
    }),
    { numRuns: 40 },
  );
});

test('an AuxNet keeps within its share of the stages it stands for, where four channels do', () => {
  const network = describeNetwork({ family: 'resnet', depth: 20, width: 16 }, CIFAR, 10);
  for (const share of [0.05, 0.1, 0.2]) {
    const stages = describeStages(network, balancedSplit(network, 3, share), share);
    let before = 0;
    for (const { layers, auxiliary } of stages) {
      if (auxiliary) {
        const cost = multiplyAdds(auxiliary);
        assert.ok(cost <= share * before && cost > 0.5 * share * before, `${cost} of ${before}`);
      }
      before += multiplyAdds(layers);
    }
  }
});

test('more stages than blocks, and a depth that does not fit, are refused', () => {
  const network = describeNetwork({ family: 'resnet', depth: 8, width: 4 }, CIFAR, 10);
  assert.throws(() => balancedSplit(network, 4, SHARE), RangeError);
  assert.throws(() => describeNetwork({ family: 'wide-resnet', depth: 20, width: 1 }, CIFAR, 10), RangeError);
});

/** Every way to put `blocks` blocks into `count` stages. */
function splits(blocks: number, count: number): number[][] {
  if (count === 1) return [[blocks]];
  return Array.from({ length: blocks - count + 1 }, (_, index) => index + 1).flatMap((first) =>
    splits(blocks - first, count - 1).map((rest) => [first, ...rest]),
  );
}
