import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkProfile } from '../../../src/contract/network-profile.js';
import { describeRun } from '../../../src/method/index.js';
import { ACTIVATION_WORK, multiplyAdds, wholeNetwork, work } from '../../../src/network/index.js';
import {
  costsByRates,
  costsOfProfile,
  ESTIMATED_RATES,
  estimatedRates,
  evenSplits,
  evenSplitsBySeconds,
  frozenPart,
  messageSeconds,
  NOTHING_FROZEN,
  secondsOf,
  serialParts,
  stageCosts,
  stageMemory,
  stageSeconds,
} from '../../../src/planning/costs/index.js';
import { MNIST, resolved } from '../../jobs/support/specs.js';

/** Six blocks of a second, the third of ten. */
const PROFILE: NetworkProfile = {
  batch: 128,
  stem: { forward: 0.25, backward: 0.5 },
  blocks: [1, 1, 10, 1, 1, 1].map((seconds) => ({ forward: seconds / 4, backward: (3 * seconds) / 4 })),
  head: { forward: 0.125, backward: 0.125 },
  auxiliaries: [
    { boundary: 1, work: 100, forward: 1, backward: 2 },
    { boundary: 4, work: 100, forward: 2, backward: 4 },
  ],
  heads: [{ boundary: 3, work: 50, forward: 0.5, backward: 0.75 }],
  ...{ coupling: 1e-9, send: 2e-9, receive: 3e-9, parameters: 1000, update: 1e-6 },
};

test('layers cost their measured time, AuxNets and heads in proportion to the nearest measured one', () => {
  const costs = costsOfProfile(PROFILE);
  const range = (start: number, end: number) => {
    const { forward, backward } = costs.layers({ work: 0, start, end });
    return [forward * 128, backward * 128];
  };
  const near = (found: readonly number[], expected: readonly number[]) =>
    assert.ok(
      found.every((value, index) => Math.abs(value - expected[index]!) < 1e-12),
      `${found}`,
    );
  near(range(0, 6), [0.25 + 15 / 4 + 0.125, 0.5 + 45 / 4 + 0.125]);
  near(range(0, 2), [0.25 + 0.5, 0.5 + 1.5]);
  near(range(2, 4), [11 / 4, 33 / 4]);
  near(range(4, 6), [0.5 + 0.125, 1.5 + 0.125]);
  near(range(3, 3), [0, 0]);
  for (const [boundary, seconds] of [
    [1, 1],
    [2, 1],
    [3, 2],
    [5, 2],
  ] as const)
    assert.equal(costs.auxiliary(boundary, 300).forward * 128, 3 * seconds);
  assert.equal(costs.localHead(1, 100).backward * 128, 1.5);
});

test('stages of a measured network add up to its step, without the work beside the layers', () => {
  const spec = resolved({ model: { depth: 14 }, method: { type: 'local-heads', stages: 3 } });
  const { network, stages } = describeRun(spec, MNIST);
  const free = { ...PROFILE, heads: [], send: 0, receive: 0, update: 0 };
  const costs = costsOfProfile(free);
  const sum = stageCosts(spec.method, stages, NOTHING_FROZEN).reduce(
    (all, cost) => all + stageSeconds(cost, spec.method, costs, 64),
    0,
  );
  assert.ok(Math.abs(sum / secondsOf(serialParts(network, costs, 64)) - 1) < 1e-12);
});

test('a stage that reaches later ones takes their measured time, memory and updates, too', () => {
  const specOf = (reach: number) =>
    resolved({
      model: { depth: 14 },
      method: {
        type: 'local-heads',
        stages: 3,
        split: [2, 2, 2],
        reach,
        corrections: { precision: 'float32' },
      },
    });
  const costs = costsOfProfile({ ...PROFILE, heads: [], send: 0, receive: 0, update: 0 });
  const stagesWith = (reach: number) => {
    const spec = specOf(reach);
    return stageCosts(spec.method, describeRun(spec, MNIST).stages, NOTHING_FROZEN);
  };
  const secondsWith = (reach: number) =>
    stagesWith(reach).map((cost) => stageSeconds(cost, specOf(reach).method, costs, 128));
  const [own, second, last] = secondsWith(1) as [number, number, number];
  const near = (found: readonly number[], expected: readonly number[]) =>
    found.forEach((value, index) => {
      assert.ok(Math.abs(value / expected[index]! - 1) < 1e-12, `${found} for ${expected}`);
    });
  near(secondsWith(2), [own + second, second + last, last]);
  near(secondsWith(3), [own + second + last, second + last, last]);
  const memory = {
    optimizerVectors: 1,
    factorInterval: null,
    accumulatedParts: 1,
    precision: 'float32',
  } as const;
  const { method } = specOf(2);
  const [, alone] = stagesWith(1);
  const [first] = stagesWith(2);
  // The copy of stage 1, and its head behind it.
  assert.equal(first!.head.parameters, alone!.parameters + alone!.head.parameters);
  const without = { ...first!, head: stagesWith(1)[2]!.head };
  const vectors = 1 + 1 + memory.optimizerVectors;
  assert.equal(
    stageMemory(first!, 10, memory, method) - stageMemory(without, 10, memory, method),
    4 * (vectors * first!.head.parameters + 10 * first!.head.activations) +
      2 ** 14 * first!.head.trainedTensors,
  );
  // Kernel, scale and shift of the two convolutions of both blocks; those and the dense layer of the head.
  assert.equal(first!.head.trainedTensors, 2 * 2 * 3 + 3 * 1 + 3 + 2);
});

test('a decoder keeps the features of its stage at the size of the images, beside its own', () => {
  const headWith = (decoder: boolean) => {
    const spec = resolved({ method: { type: 'local-heads', stages: 2, heads: { decoder } } });
    const { stages, network } = describeRun(spec, MNIST);
    return {
      head: stageCosts(spec.method, stages, NOTHING_FROZEN)[0]!.head,
      boundary: stages[1]!.input,
      network,
    };
  };
  const { head, boundary, network } = headWith(true);
  const pixels = network.image.height * network.image.width;
  // The image that its convolution makes, and that of its batch norm, which no gradient reads.
  assert.equal(head.activations - headWith(false).head.activations, pixels * (boundary.channels + 1));
  // One channel is computed as sixteen, but in the gradient of the input; a resized value has two of nine passes.
  const products = ((16 + 16 + 1) / 3) * 9 * boundary.channels;
  const values = 16 * ACTIVATION_WORK + (2 / 9) * ACTIVATION_WORK * boundary.channels;
  const more = head.work - headWith(false).head.work;
  assert.ok(Math.abs(more / (pixels * (products + values)) - 1) < 1e-9, `${more}`);
});

test('estimated passes in bfloat16 are as fast as the slowest device that has it', () => {
  const layers = wholeNetwork(describeRun(resolved({ model: { depth: 20 } }), MNIST).network);
  const share = multiplyAdds(layers) / work(layers);
  const device = (name: string, prefers_bfloat16 = false) => ({ name, bfloat16: true, prefers_bfloat16 });
  const [amd, intel, amx] = [
    device('AMD EPYC'),
    device('Intel(R) Xeon(R)'),
    device('Intel(R) Xeon(R)', true),
  ];
  const without = { ...intel, bfloat16: false };
  for (const [devices, time] of [
    [[], 0.55],
    [[without], 0.55],
    [[amd], 0.55],
    [[amd, without], 0.55],
    [[amx], 0.28],
    [[amx, amd], 0.55],
    [[amx, intel, amd], 1.75],
  ] as const) {
    const rates = estimatedRates('bfloat16', layers, devices);
    const factor = time * share + 0.8 * (1 - share);
    assert.ok(Math.abs(rates.forward / ESTIMATED_RATES.forward - factor) < 1e-9, `${rates.forward}`);
    assert.ok(Math.abs(rates.backward / ESTIMATED_RATES.backward - factor) < 1e-9, `${rates.backward}`);
    assert.equal(rates.message, ESTIMATED_RATES.message);
    assert.equal(estimatedRates('float32', layers, devices), ESTIMATED_RATES);
  }
});

test('frozen blocks have a forward pass, and no backward pass, update or activations', () => {
  const frozen = resolved({
    model: { depth: 14 },
    method: { type: 'local-heads', stages: 2, split: [4, 2] },
    freeze: { blocks: 2, norm: 'frozen' },
    init_from: { weights: 'weights_1', head: 'new', statistics: 'auto' },
  });
  const costs = costsOfProfile({ ...PROFILE, heads: [], send: 0, receive: 0, update: 0 });
  const firstOf = (spec: typeof frozen) =>
    stageCosts(
      spec.method,
      describeRun(spec, MNIST).stages,
      frozenPart(describeRun(spec, MNIST).network),
    )[0]!;
  const [some, whole] = [firstOf(frozen), firstOf({ ...frozen, freeze: null })];
  const seconds = (cost: typeof some) => stageSeconds(cost, frozen.method, costs, 128);
  // The stem's backward pass of 0.5 s and those of two blocks, 0.75 s each.
  assert.ok(Math.abs(seconds(whole) - seconds(some) - 2) < 1e-12);
  assert.deepEqual([some.parameters, some.multiplyAdds], [whole.parameters, whole.multiplyAdds]);
  assert.ok(some.trainedParameters < whole.trainedParameters && some.activations < whole.activations);
  const even = evenSplitsBySeconds(describeRun(frozen, MNIST).network, frozen.method, 4, costs, 128);
  assert.ok(
    even.every(([first = 0]) => first > 2),
    'the first stage has a block that is trained',
  );
});

test('stored features of frozen blocks are read, in place of a forward pass of the stem and these blocks', () => {
  const spec = resolved({
    model: { depth: 14 },
    freeze: { blocks: 3, norm: 'frozen' },
    method: { type: 'backprop' },
    init_from: { weights: 'weights_1', head: 'new', statistics: 'auto' },
  });
  const { network } = describeRun(spec, MNIST);
  const costs = costsOfProfile({ ...PROFILE, heads: [], receive: 1 });
  const seconds = (storesFrozen: boolean) => secondsOf(serialParts({ ...network, storesFrozen }, costs, 128));
  // Stem 0.25 s, blocks 0.25, 0.25 and 2.5 s; a second for each of 14x14x32 values of 128 images.
  assert.ok(Math.abs(seconds(false) - seconds(true) - (3.25 - 128 * 14 * 14 * 32)) < 1e-6);
  // The first stage then has time for more of the blocks behind them: 1 and 1 of 10 s in place of 2.
  const splitOf = (storesFrozen: boolean) => evenSplits({ ...network, storesFrozen }, spec.method, 2)[1]!;
  assert.ok(splitOf(true)[0]! >= splitOf(false)[0]!);
});

test('messages are written by one stage and read by its neighbour, up or down', () => {
  const seconds = (type: 'augmented-lagrangian' | 'local-heads' | 'penalty' | 'stored') => {
    const spec = resolved({ model: { depth: 14 }, method: { stages: 3, split: [2, 2, 2] } });
    const method = { ...spec.method, type };
    const { stages } = describeRun({ ...spec, method }, MNIST);
    return stageCosts(method, stages, NOTHING_FROZEN).map((cost) =>
      messageSeconds(cost, method, { send: 1, receive: 1000 }, 2),
    );
  };
  const [first, second] = [28 * 28 * 16, 14 * 14 * 32];
  assert.deepEqual(seconds('augmented-lagrangian'), [2000 * first, 2 * first + 2000 * second, 2 * second]);
  assert.deepEqual(seconds('local-heads'), [2 * first, 2000 * first + 2 * second, 2000 * second]);
  assert.deepEqual(
    [seconds('penalty'), seconds('stored')],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  );
});

test('splits are even in measured seconds: no other has a faster slowest stage', () => {
  for (const type of ['augmented-lagrangian', 'local-heads', 'penalty'] as const) {
    const spec = resolved({ model: { depth: 14 }, method: { type, stages: 3 } });
    const { network } = describeRun(spec, MNIST);
    const costs = costsOfProfile(PROFILE);
    const slowest = (split: number[]) => {
      const { stages } = describeRun({ ...spec, method: { ...spec.method, split } }, MNIST);
      const own = stageCosts({ ...spec.method, split }, stages, NOTHING_FROZEN);
      return Math.max(...own.map((cost) => stageSeconds(cost, spec.method, costs, 128)));
    };
    const even = evenSplitsBySeconds(network, spec.method, 3, costs, 128);
    assert.deepEqual(
      even.map((split) => split.length),
      [1, 2, 3],
    );
    for (let first = 1; first <= 4; first++) {
      for (let second = 1; first + second <= 5; second++) {
        const other = [first, second, 6 - first - second];
        assert.ok(slowest(even[2]!) <= slowest(other) * (1 + 1e-12), `${even[2]} ${other}`);
      }
    }
  }
});

test('a split by rates of work alone equals that of `auto`', () => {
  const spec = resolved({ model: { depth: 56 }, method: { type: 'penalty', stages: 4 } });
  const { network } = describeRun(spec, MNIST);
  const work = { ...ESTIMATED_RATES, coupling: 0, message: 0, update: 0 };
  // The downstream AuxNet's pass, which `auto` does not count.
  const type = 'frozen';
  const method = { ...spec.method, type } as const;
  assert.deepEqual(
    evenSplitsBySeconds(network, method, 8, costsByRates(work), 1),
    evenSplits(network, method, 8),
  );
});
