import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Block,
  balancedSplit,
  convLayer,
  describeNetwork,
  describeStages,
  flatten,
  type ModelSize,
  multiplyAdds,
  type NetworkDescription,
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
  [{ family: 'wide-resnet', depth: 40, width: 4 }, '8.9', null],
];

/**
 * Parameters and multiply-adds in thousand millions at 224x224, 1000 classes, as torchvision publishes them (its
 * "GFLOPS"). He et al., table 1, have 1.8, 3.6, 3.8, 7.6 and 11.3: their bottlenecks stride in the first 1x1.
 */
const PUBLISHED_IMAGENET: readonly [depth: number, parameters: number, multiplyAdds: string][] = [
  [18, 11_689_512, '1.81'],
  [34, 21_797_672, '3.66'],
  [50, 25_557_032, '4.09'],
  [101, 44_549_160, '7.80'],
  [152, 60_192_808, '11.51'],
];

for (const [model, parameters, cost] of PUBLISHED) {
  test(`${model.family}-${model.depth}, width ${model.width}: ${parameters} M parameters`, () => {
    const layers = wholeNetwork(describeNetwork(model, CIFAR, 10));
    const digits = parameters.split('.')[1]!.length;
    assert.equal((parameterCount(layers) / 1e6).toFixed(digits), parameters);
    if (cost) assert.equal((multiplyAdds(layers) / 1e6).toFixed(0), cost);
  });
}

for (const [depth, parameters, cost] of PUBLISHED_IMAGENET) {
  test(`imagenet-resnet-${depth}: ${parameters} parameters, ${cost} G multiply-adds`, () => {
    const image = { height: 224, width: 224, channels: 3 };
    const layers = wholeNetwork(
      describeNetwork({ family: 'imagenet-resnet', depth, width: 64 }, image, 1000),
    );
    assert.equal(parameterCount(layers), parameters);
    assert.equal((multiplyAdds(layers) / 1e9).toFixed(2), cost);
  });
}

test('dropout stands before every second convolution, costs nothing, and is not there at 0', () => {
  const size = { family: 'wide-resnet', depth: 16, width: 4 } as const;
  const plain = wholeNetwork(describeNetwork(size, CIFAR, 10));
  const dropped = wholeNetwork(describeNetwork({ ...size, dropout: 0.3 }, CIFAR, 10));
  const names = flatten(dropped).map(({ name }) => name);
  assert.equal(names.filter((name) => name.endsWith('/dropout')).length, 6);
  assert.equal(names[names.indexOf('block4/dropout') + 1], 'block4/conv2');
  assert.equal(names[names.indexOf('block4/dropout') - 1], 'block4/norm2');
  assert.deepEqual(parametersOf(dropped), parametersOf(plain));
  assert.equal(multiplyAdds(dropped), multiplyAdds(plain));
  assert.deepEqual(wholeNetwork(describeNetwork({ ...size, dropout: 0 }, CIFAR, 10)), plain);
});

const cifarModels: fc.Arbitrary<ModelSize> = fc.oneof(
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
const imagenetModels: fc.Arbitrary<ModelSize> = fc.record({
  family: fc.constant('imagenet-resnet' as const),
  depth: fc.constantFrom(18, 34, 50, 101, 152),
  width: fc.integer({ min: 2, max: 24 }),
});
const imagesOf = (min: number, max: number) =>
  fc.record({
    height: fc.integer({ min, max }),
    width: fc.integer({ min, max }),
    channels: fc.constantFrom(1, 3),
  });
const networks: fc.Arbitrary<NetworkDescription> = fc
  .oneof(fc.tuple(cifarModels, imagesOf(28, 70)), fc.tuple(imagenetModels, imagesOf(64, 230)))
  .map(([model, image]) => describeNetwork(model, image, 10));

/** Blocks of any cost: 1x1 convolutions of one position, whose multiply-adds are their channels. */
const unevenNetworks: fc.Arbitrary<NetworkDescription> = fc
  .array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 9 })
  .map((costs) => {
    const image = { height: 1, width: 1, channels: 1 };
    const layer = (name: string, cost: number) => convLayer(name, 1, 1, image, cost);
    const blocks = costs.map((cost, index): Block => {
      return { layers: [layer(`block${index}`, cost)], input: image, output: image, rectified: true };
    });
    return { image, classes: 1, stem: [layer('stem', 100)], blocks, head: [layer('head', 10)] };
  });

test('stages of any split are the network: same parameters in the same order, shapes that meet', () => {
  fc.assert(
    fc.property(networks, fc.integer({ min: 1, max: 12 }), (network, wanted) => {
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
    fc.property(fc.oneof(networks, unevenNetworks), fc.integer({ min: 1, max: 4 }), (network, wanted) => {
      const blocks = network.blocks.length;
      const count = Math.min(wanted, blocks, blocks > 20 ? 3 : 4);
      const prefix = prefixCosts(network);
      const bottleneck = (split: readonly number[]) => {
        let start = 0;
        return Math.max(
          ...split.map((size) => {
            const end = start + size;
            const cost = prefix[end]! - (1 - SHARE) * prefix[start]!;
            start = end;
            return cost;
          }),
        );
      };
      const best = Math.min(...splits(blocks, count).map(bottleneck));
      // The bisection ends within 2^-60 of the bound.
      assert.ok(bottleneck(balancedSplit(network, count, SHARE)) <= best * (1 + 1e-9));
    }),
    { numRuns: 150 },
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

test("an imagenet-resnet's AuxNets reach 1/4 to 1/32 of the image and keep within their share", () => {
  const image = { height: 96, width: 65, channels: 3 };
  const network = describeNetwork({ family: 'imagenet-resnet', depth: 50, width: 64 }, image, 10);
  const stages = describeStages(network, [3, 4, 6, 2, 1], SHARE);
  const sides = stages.slice(1).map(({ input, auxiliary }) => {
    const last = auxiliary!.at(-1)!;
    assert.deepEqual(last.op === 'norm' && last.output, input);
    return [input.height, input.width, auxiliary!.filter(({ op }) => op === 'conv').length - 1];
  });
  assert.deepEqual(sides, [
    [24, 17, 2],
    [12, 9, 3],
    [6, 5, 4],
    [3, 3, 5],
  ]);
  let before = 0;
  for (const { layers, auxiliary } of stages) {
    if (auxiliary) assert.ok(multiplyAdds(auxiliary) <= SHARE * before);
    before += multiplyAdds(layers);
  }
});

test('an imagenet-resnet refuses images whose last group would be a single position', () => {
  const image = { height: 64, width: 63, channels: 3 };
  const size = { family: 'imagenet-resnet', depth: 18, width: 64 } as const;
  assert.throws(() => describeNetwork(size, image, 10), RangeError);
  assert.throws(() => describeNetwork({ ...size, depth: 20 }, { ...image, width: 64 }, 10), RangeError);
});

test('more stages than blocks, and a depth that does not fit, are refused', () => {
  const network = describeNetwork({ family: 'resnet', depth: 8, width: 4 }, CIFAR, 10);
  assert.throws(() => balancedSplit(network, 4, SHARE), RangeError);
  assert.throws(() => describeNetwork({ family: 'wide-resnet', depth: 20, width: 1 }, CIFAR, 10), RangeError);
});

/** Multiply-adds of the stem and the first blocks, by their number; the head belongs to the last. */
function prefixCosts({ stem, blocks, head }: NetworkDescription): number[] {
  const costs = blocks.map(({ layers }) => multiplyAdds(layers));
  costs[0]! += multiplyAdds(stem);
  costs[costs.length - 1]! += multiplyAdds(head);
  let sum = 0;
  return [0, ...costs.map((cost) => (sum += cost))];
}

/** Every way to put `blocks` blocks into `count` stages. */
function splits(blocks: number, count: number): number[][] {
  if (count === 1) return [[blocks]];
  return Array.from({ length: blocks - count + 1 }, (_, index) => index + 1).flatMap((first) =>
    splits(blocks - first, count - 1).map((rest) => [first, ...rest]),
  );
}
