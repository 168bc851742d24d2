import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AuxiliarySize,
  activations,
  type Block,
  convLayer,
  describeNetwork,
  describeStages,
  flatten,
  headLayers,
  localHead,
  type ModelSize,
  multiplyAdds,
  type NetworkDescription,
  parameterCount,
  parametersOf,
  wholeNetwork,
  work,
} from '../../src/network/index.js';
import { balancedSplit } from '../../src/planning/costs/index.js';

// Oracle of method.split auto, memory.

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

test('dropout comes before every second convolution, costs nothing, and is absent at rate 0', () => {
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

test('symmetric padding moves only windows of stride 2 over even sides, AuxNets and heads included', () => {
  const rules = (side: number) => {
    const image = { height: side, width: side, channels: 3 };
    const size = { family: 'imagenet-resnet', depth: 18, width: 4, padding: 'symmetric' } as const;
    const network = describeNetwork(size, image, 10);
    const stages = describeStages(network, [4, 4], SHARE);
    const head = localHead(network, 0, 4, false).classifier;
    const layers = flatten([...wholeNetwork(network), ...stages[1]!.auxiliary!, ...head]);
    return layers.flatMap((layer) => ('padding' in layer && layer.padding === 'symmetric' ? layer.name : []));
  };
  // 64, 32, 16, 8, 4, 2: each is halved by one layer, the block boundary after four blocks by three more of an AuxNet.
  assert.deepEqual(rules(64), [
    'stem/conv',
    'stem/pool',
    'block2/conv1',
    'block4/conv1',
    'block6/conv1',
    'aux1/conv0',
    'aux1/conv1',
    'aux1/conv2',
    'head0/conv',
  ]);
  // 65, 33, 17, 9, 5: odd all the way, where both paddings are the same.
  assert.deepEqual(rules(65), []);
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
  fc.record({
    family: fc.constant('ode-resnet' as const),
    depth: fc.integer({ min: 1, max: 3 }).map((n) => 6 * n + 6),
    width: fc.integer({ min: 2, max: 12 }),
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
  .tuple(
    fc.oneof(fc.tuple(cifarModels, imagesOf(28, 70)), fc.tuple(imagenetModels, imagesOf(64, 230))),
    fc.constantFrom('same' as const, 'symmetric' as const),
  )
  .map(([[model, image], padding]) => describeNetwork({ ...model, padding }, image, 10));

/** Blocks of any cost: 1x1 convolutions of one position, whose multiply-adds are their channels. */
const unevenNetworks: fc.Arbitrary<NetworkDescription> = fc
  .array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 9 })
  .map((costs) => {
    const image = { height: 1, width: 1, channels: 1 };
    const layer = (name: string, cost: number) => convLayer(name, 1, 1, image, cost);
    const blocks = costs.map((cost, index): Block => {
      return { layers: [layer(`block${index}`, cost)], input: image, output: image, rectified: true };
    });
    const [stem, head] = [[layer('stem', 100)], [layer('head', 10)]];
    return { image, classes: 1, padding: 'same', stem, blocks, head };
  });

test('stages of any split make up the network: the same parameters in the same order, with matching shapes', () => {
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
      const auxiliary = network.blocks.map((_, start) => auxiliaryCost(network, start));
      const bottleneck = (split: readonly number[]) => {
        let start = 0;
        return Math.max(
          ...split.map((size) => {
            const end = start + size;
            const cost = prefix[end]! - prefix[start]! + auxiliary[start]!;
            start = end;
            return cost;
          }),
        );
      };
      const best = Math.min(...splits(blocks, count).map(bottleneck));
      // Sums in another order.
      const ours = bottleneck(balancedSplit(network, count, SHARE));
      assert.ok(ours <= best * (1 + 1e-9), `${ours} for ${best}`);
    }),
    { numRuns: 150 },
  );
});

test('a split balanced by memory keeps the greatest share of the activations small', () => {
  const network = describeNetwork(
    { family: 'resnet', depth: 110, width: 16 },
    { height: 32, width: 32, channels: 3 },
    10,
  );
  const greatest = (balance: 'auto' | 'memory') => {
    const stages = describeStages(network, balancedSplit(network, 4, SHARE, { balance }), SHARE);
    return Math.max(...stages.map(({ layers, auxiliary }) => activations([...(auxiliary ?? []), ...layers])));
  };
  const whole = activations(wholeNetwork(network));
  assert.ok(greatest('memory') < 0.3 * whole, `${greatest('memory') / whole}`);
  assert.ok(greatest('auto') > 1.1 * greatest('memory'), 'blocks of the first group hold the most');
});

/** Sizes that reach any boundary of `networks`. */
const sizes: fc.Arbitrary<AuxiliarySize> = fc.record({
  width: fc.option(fc.integer({ min: 1, max: 40 })),
  depth: fc.option(fc.integer({ min: 6, max: 9 })),
});

test('an AuxNet has the requested width and depth, and the input and output of its boundary', () => {
  fc.assert(
    fc.property(networks, sizes, (network, size) => {
      const count = Math.min(3, network.blocks.length);
      const split = balancedSplit(network, count, SHARE, { size });
      const free = describeStages(network, split, SHARE);
      describeStages(network, split, SHARE, size).forEach(({ auxiliary, input }, index) => {
        if (!auxiliary) return;
        const convolutions = auxiliary.filter((layer) => layer.op === 'conv');
        assert.equal(convolutions.length, size.depth ?? free[index]!.auxiliary!.length / 2);
        assert.deepEqual(convolutions[0]!.input, network.image);
        assert.deepEqual(convolutions.at(-1)!.output, input);
        const widths = new Set(convolutions.slice(0, -1).map(({ output }) => output.channels));
        assert.equal(widths.size, 1);
        if (size.width !== null) assert.ok(widths.has(size.width));
      });
    }),
    { numRuns: 50 },
  );
});

test('no split has a cheaper costliest stage whatever size AuxNets are given', () => {
  fc.assert(
    fc.property(networks, sizes, (network, size) => {
      const blocks = network.blocks.length;
      const count = Math.min(3, blocks);
      const bottleneck = (split: readonly number[]) =>
        Math.max(
          ...describeStages(network, split, SHARE, size).map(
            ({ layers, auxiliary }) => work(layers) + work(auxiliary ?? []),
          ),
        );
      // All splits of a long network are too many: those next to the balanced one.
      const found = balancedSplit(network, count, SHARE, { size });
      const others = blocks <= 12 ? splits(blocks, count) : neighbours(found);
      const [ours, best] = [bottleneck(found), Math.min(...others.map(bottleneck))];
      assert.ok(ours <= best * (1 + 1e-9), `${ours} for ${best}`);
    }),
    { numRuns: 60 },
  );
});

test('no split has a cheaper costliest stage where all but the last have local heads', () => {
  fc.assert(
    fc.property(networks, fc.boolean(), (network, decoder) => {
      const blocks = network.blocks.length;
      const count = Math.min(3, blocks);
      const prefix = prefixCosts(network);
      const bottleneck = (split: readonly number[]) => {
        let start = 0;
        return Math.max(
          ...split.map((size, stage) => {
            const end = start + size;
            const head = end < blocks ? localHead(network, stage, end, decoder) : null;
            const cost = prefix[end]! - prefix[start]! + work(headLayers({ head }));
            start = end;
            return cost;
          }),
        );
      };
      const found = balancedSplit(network, count, 0, { heads: { decoder } });
      const others = blocks <= 12 ? splits(blocks, count) : neighbours(found);
      const [ours, best] = [bottleneck(found), Math.min(...others.map(bottleneck))];
      assert.ok(ours <= best * (1 + 1e-9), `${ours} for ${best}`);
    }),
    { numRuns: 30 },
  );
});

test('local heads take blocks from the stages that have one', () => {
  const network = describeNetwork({ family: 'resnet', depth: 26, width: 16 }, CIFAR, 10);
  const [without = 0] = balancedSplit(network, 2, 0);
  const [withHead = 0] = balancedSplit(network, 2, 0, { heads: { decoder: true } });
  assert.ok(withHead < without, `${withHead} of ${without}`);
});

test('an AuxNet that would not reach its boundary is refused, and one convolution suffices where nothing shrinks', () => {
  const network = describeNetwork({ family: 'resnet', depth: 20, width: 16 }, CIFAR, 10);
  const size = (depth: number) => ({ width: null, depth });
  assert.throws(() => describeStages(network, [7, 2], SHARE, size(2)), RangeError);
  const [, auxiliary] = describeStages(network, [2, 7], SHARE, size(1)).map((stage) => stage.auxiliary);
  assert.deepEqual(
    auxiliary!.map(({ op }) => op),
    ['conv', 'norm'],
  );
});

test('an AuxNet stays within its share of the stages that it replaces, if four channels fit', () => {
  const network = describeNetwork({ family: 'resnet', depth: 20, width: 16 }, CIFAR, 10);
  for (const share of [0.05, 0.1, 0.2]) {
    const stages = describeStages(network, [3, 3, 3], share);
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

/** Work of the AuxNet that stands for the blocks before `start`. */
function auxiliaryCost(network: NetworkDescription, start: number): number {
  if (start === 0) return 0;
  const split = [start, network.blocks.length - start];
  return work(describeStages(network, split, SHARE)[1]!.auxiliary ?? []);
}

/** Work of the stem and the first blocks, by their number; the head belongs to the last. */
function prefixCosts({ stem, blocks, head }: NetworkDescription): number[] {
  const costs = blocks.map(({ layers }) => work(layers));
  costs[0]! += work(stem);
  costs[costs.length - 1]! += work(head);
  let sum = 0;
  return [0, ...costs.map((cost) => (sum += cost))];
}

/** The splits that differ from one by a block moved from a stage to the next or back. */
function neighbours(split: readonly number[]): number[][] {
  return split
    .slice(1)
    .flatMap((_, index) =>
      [1, -1].map((moved) =>
        split.with(index, split[index]! + moved).with(index + 1, split[index + 1]! - moved),
      ),
    )
    .filter((other) => other.every((count) => count > 0));
}

/** Every way to put `blocks` blocks into `count` stages. */
function splits(blocks: number, count: number): number[][] {
  if (count === 1) return [[blocks]];
  return Array.from({ length: blocks - count + 1 }, (_, index) => index + 1).flatMap((first) =>
    splits(blocks - first, count - 1).map((rest) => [first, ...rest]),
  );
}

test('zero_init_residual: the last scale of each branch starts at 0, and nothing else changes', () => {
  for (const [depth, last] of [
    [18, 'norm2'],
    [50, 'norm3'],
  ] as const) {
    const initialOf = (zero_init_residual: boolean) => {
      const model = { family: 'imagenet-resnet', depth, width: 2, zero_init_residual } as const;
      const image = { height: 64, width: 64, channels: 3 };
      return parametersOf(wholeNetwork(describeNetwork(model, image, 3)));
    };
    const plain = initialOf(false);
    const zero = initialOf(true);
    const changed = zero.filter((parameter, index) => {
      const before = plain[index]!;
      assert.deepEqual({ ...parameter, initializer: before.initializer }, before);
      return JSON.stringify(parameter.initializer) !== JSON.stringify(before.initializer);
    });
    const blocks = plain.filter(({ name }) => name.endsWith(`/${last}/gamma`));
    assert.deepEqual(
      changed.map(({ name, initializer }) => [name, initializer]),
      blocks.map(({ name }) => [name, { kind: 'constant', value: 0 }]),
    );
  }
});
