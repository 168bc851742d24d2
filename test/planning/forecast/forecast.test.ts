import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRun } from '../../../src/method/index.js';
import {
  flatten,
  largestOutput,
  multiplyAdds,
  parameterCount,
  parametersOf,
  sizeOf,
  wholeNetwork,
} from '../../../src/network/index.js';
import {
  costsByRates,
  messageSeconds,
  NOTHING_FROZEN,
  sharedSlots,
  stageCosts,
  stageParts,
} from '../../../src/planning/costs/index.js';
import { makePlan, type PlanOptions } from '../../../src/planning/forecast/forecast.js';
import { measuredRates } from '../../../src/planning/forecast/measured-rates.js';
import { MNIST, resolved, type SpecChanges } from '../../jobs/support/specs.js';

const LOCAL: PlanOptions = {
  devices: 4,
  memoryBytes: null,
  bytesPerSecond: 1e9,
  roundTripSeconds: 0,
  profile: null,
  measured: null,
};
const plan = (changes: SpecChanges, options: Partial<PlanOptions> = {}) =>
  makePlan(resolved(changes), MNIST, { ...LOCAL, ...options });
const DEEP: SpecChanges = { model: { depth: 56 }, method: { stages: 4 } };

/** Values per image of the largest output in each stage and its AuxNet: a pass has five such tensors beside what it keeps. */
const largestIn = (changes: SpecChanges): number[] =>
  describeRun(resolved(changes), MNIST).stages.map(({ layers, auxiliary }) =>
    largestOutput([...layers, ...(auxiliary ?? [])]),
  );

test('the stages add up to the network, and their AuxNets stay within their cost share', () => {
  const { network, stages, source, measured_on } = plan(DEEP);
  assert.deepEqual([source, measured_on], ['estimated', null]);
  const sum = (part: 'parameters' | 'multiply_adds' | 'activation_bytes') =>
    stages.reduce((all, { layers }) => all + layers[part], 0);
  for (const part of ['parameters', 'multiply_adds', 'activation_bytes'] as const)
    assert.equal(sum(part), network[part]);
  const whole = wholeNetwork(describeRun(resolved(DEEP), MNIST).network);
  assert.equal(network.parameters, parameterCount(whole));
  assert.equal(network.multiply_adds, multiplyAdds(whole));
  assert.equal(stages[0]?.auxiliary, null);
  for (const { auxiliary } of stages.slice(1)) {
    assert.ok(auxiliary && auxiliary.multiply_adds <= 0.1 * network.multiply_adds);
  }
});

test('speed-ups are those of equation 27: 1 for one stage, below K and below the bound, and less where stages are uneven', () => {
  const { speedups, speedup_bound, break_even_stages } = plan(DEEP);
  assert.deepEqual(
    speedups.map(({ stages }) => stages),
    Array.from({ length: 16 }, (_, index) => index + 1),
  );
  assert.equal(speedups[0]?.equation_27, 1);
  assert.equal(speedups[0]?.whole_run, 1);
  for (const { stages, equation_27, slowest_stage, whole_run, split } of speedups.slice(1)) {
    assert.ok(equation_27 > 1 && equation_27 < stages);
    assert.ok(slowest_stage <= equation_27 * 1.0001);
    // Replicas share a fifth of the steps; there are as many as stages, up to 8.
    const expected = 1 / (0.2 / Math.min(stages, 8) + 0.8 / slowest_stage);
    assert.ok(Math.abs(whole_run / expected - 1) < 1e-3, `${stages}: ${whole_run}, ${expected}`);
    assert.equal(split.length, stages);
  }
  assert.equal(break_even_stages, 2);
  assert.ok((speedup_bound ?? 0) > (speedups[3]?.equation_27 ?? 0));
});

test('AuxNets of a given depth end the stages at those whose inputs they come down to', () => {
  const max = (depth: number | null) =>
    plan({ model: { depth: 56 }, method: { stages: 2, auxiliary: { depth } } }).speedups.length;
  assert.equal(max(null), 16);
  assert.deepEqual([max(2) < max(3), max(3)], [true, 16]);
});

test('methods whose stages do not train at once have no speed-up, and back-propagation no stages', () => {
  for (const type of ['frozen', 'rounds', 'backprop'] as const) {
    const { speedups, layouts } = plan({ method: { type } });
    assert.deepEqual(speedups, []);
    assert.ok(layouts.every(({ stages }) => stages === 1));
  }
});

test('a pipeline keeps K-k batches of stage k with their weights, and sends features and gradients as they are', () => {
  const { stages, layouts, speedups } = plan({
    ...DEEP,
    method: { type: 'pipeline', stages: 3, round_steps: 10 },
  });
  const largest = largestIn({ ...DEEP, method: { type: 'pipeline', stages: 3 } });
  const { stages: described } = describeRun(
    resolved({ ...DEEP, method: { type: 'pipeline', stages: 3 } }),
    MNIST,
  );
  stages.forEach(({ memory_bytes, layers }, stage) => {
    const batches = 3 - stage;
    const versions = batches > 1 ? batches : 0;
    // Weights, gradients and momentum, and one version of the weights for each batch under way.
    const expected = 4 * (3 + versions) * layers.parameters + batches * layers.activation_bytes;
    // The first stage reads images, of a batch in training and of one in preparation.
    const images = stage === 0 ? 2 * 784 : 0;
    const records = 2 ** 14 * parametersOf(described[stage]!.layers).length;
    assert.equal(memory_bytes, expected + records + 4 * 128 * (5 * largest[stage]! + images));
  });
  const three = layouts.find((layout) => layout.stages === 3 && layout.replicas === 1);
  assert.ok(three);
  const rows = describeRun(
    resolved({ ...DEEP, method: { type: 'pipeline', stages: 3 } }),
    MNIST,
  ).stages.slice(1);
  const values = rows.reduce((sum, { input }) => sum + input.height * input.width * input.channels, 0);
  const { batch_size, steps_per_epoch } = plan({ ...DEEP, method: { type: 'pipeline', stages: 3 } });
  assert.equal(three.bytes_per_epoch, 2 * 4 * values * batch_size * steps_per_epoch);
  const bytes = plan({ ...DEEP, method: { type: 'pipeline', stages: 3, stream: { precision: 'int8' } } });
  const rounded = bytes.layouts.find((layout) => layout.stages === 3 && layout.replicas === 1);
  assert.equal(rounded?.bytes_per_epoch, ((1 + 1 / 16) / 4) * three.bytes_per_epoch);
  // A round of ten steps takes two turns more, to fill and to drain.
  const perStep = three.epoch_seconds / (steps_per_epoch * three.step_seconds);
  assert.ok(Math.abs(perStep - 12 / 10) < 1e-3, `${perStep}`);
  assert.equal(speedups.length, 16);
});

test('a pipeline that recomputes keeps inputs in place of activations, and forwards twice in all stages but the last', () => {
  const method = { type: 'pipeline', stages: 3, round_steps: 10 } as const;
  const stash = plan({ ...DEEP, method });
  const recompute = plan({ ...DEEP, method: { ...method, memory: 'recompute' } });
  const inputs = describeRun(resolved({ ...DEEP, method }), MNIST).stages.map(
    ({ input: { height, width, channels } }) => height * width * channels,
  );
  recompute.stages.forEach(({ memory_bytes, layers, step_seconds }, stage) => {
    const waiting = 2 - stage;
    const before = stash.stages[stage]!;
    const spared = waiting * (layers.activation_bytes - 4 * inputs[stage]! * stash.batch_size);
    assert.equal(memory_bytes, before.memory_bytes - spared);
    const more = step_seconds / before.step_seconds;
    // A forward pass is a third of a step, but for messages and the update.
    assert.ok(waiting > 0 ? more > 1.2 && more < 1.34 : more === 1, `${more}`);
  });
});

test('a pipeline is recommended on a quick link, local SGD on a slow one, and stages apart where the whole network does not fit', () => {
  const quick = plan(DEEP, { bytesPerSecond: 1e12 });
  assert.deepEqual([quick.methods[0]?.method.type, quick.recommendation.stages], ['pipeline', 4]);
  const fast = plan(DEEP, { bytesPerSecond: 12.5e6, roundTripSeconds: 0.02 });
  assert.deepEqual([fast.recommendation.stages, fast.recommendation.replicas], [1, 4]);
  assert.equal(fast.recommendation.reason, fast.methods[0]?.reason);
  const half = plan(DEEP, { memoryBytes: (fast.methods[0]?.memory_bytes ?? 0) / 2 });
  assert.deepEqual([half.recommendation.stages, half.methods[0]?.method.memory], [4, 'recompute']);
  // The whole network, with features that are computed again.
  const least = plan(DEEP, { memoryBytes: 1 }).methods.find(({ method }) => method.stages === 1);
  const memoryBytes = (least?.memory_bytes ?? 0) - 1;
  const bare = plan(DEEP, { memoryBytes: memoryBytes + 1 });
  assert.deepEqual([bare.recommendation.stages, bare.methods[0]?.method.memory], [1, 'recompute']);
  const tight = plan(DEEP, { memoryBytes });
  assert.ok(tight.recommendation.stages > 1 && tight.methods[0]?.fits);
  assert.deepEqual(
    tight.methods.filter(({ fits }) => fits).map(({ method }) => method.stages > 1),
    tight.methods.filter(({ fits }) => fits).map(() => true),
  );
  assert.match(tight.methods.at(-1)?.reason ?? '', /needs \S+ MB on a device, more than \S+ MB\.$/);
});

test('pipelines and local SGD are planned with the steps between rounds of the study, and a job that has others with its own', () => {
  const outersOf = (changes: SpecChanges) =>
    Object.fromEntries(
      plan(changes)
        .methods.filter(({ method }) => method.type === 'pipeline' || method.end_to_end_replicas > 1)
        .map(({ name, method }) => [name, method.outer]),
    );
  const studied = { rate: 0.7, momentum: 0.5 };
  assert.deepEqual(outersOf(DEEP), {
    'pipeline, 4 stages, steps between rounds': studied,
    'local SGD, 4 devices, steps between rounds': studied,
    'augmented-lagrangian, 4 stages, joined at the end': { rate: null, momentum: null },
  });
  const own = { rate: 0.3, momentum: 0.1 };
  const { 'pipeline, 4 stages, steps between rounds': other } = outersOf({
    ...DEEP,
    method: { type: 'pipeline', stages: 4, outer: own },
  });
  assert.deepEqual(other, own);
});

/** The sentences of a plan, without its figures. */
const reasons = (devices: number, options: Partial<PlanOptions> = {}) => {
  const { recommendation, methods } = plan(DEEP, { devices, ...options });
  const all = [recommendation, ...methods.slice(1)];
  return all.map(({ reason }) => reason.replaceAll(/\d+(\.\d+)?(?= (s|MB|times|points?)\b)/g, '#'));
};

test('reasons say what a way costs beside the others, what its accuracy is known from, and that a link is assumed', () => {
  assert.deepEqual(reasons(1), ['backprop on one device is the only way here, and takes # s.']);
  const studied = 'back-propagation on one device after as many epochs.';
  const pipeline = 'pipeline in 2 stages with steps between rounds';
  const local = 'local SGD on 2 devices with steps between rounds';
  const apart = 'augmented-lagrangian in 2 stages';
  const unknown = 'Its accuracy is not in the study: ways whose accuracy is known come first.';
  const here = reasons(2, { bytesPerSecond: 125e6, isLinkAssumed: true });
  assert.deepEqual(here, [
    `${pipeline} takes the least time for the same accuracy, # s. Next is ${local}, which takes # s. In the study it was # points above ${studied} The link between the devices is not known; # MB/s without delay is assumed.`,
    `${local} takes # times as long as ${pipeline} for the same accuracy. In the study it is estimated to be # point below ${studied}`,
    `${apart} that are joined at the end takes # times as long as ${pipeline} for the same accuracy. In the study it is estimated to be # points below ${studied}`,
    `backprop on one device takes # times as long as ${pipeline} for the same accuracy.`,
    `${apart} takes # times as long as ${pipeline}. ${unknown}`,
  ]);
  const [far = ''] = reasons(2, { bytesPerSecond: 12.5e6, roundTripSeconds: 0.02 });
  assert.ok(far.startsWith(`${local} takes the least time`) && far.endsWith(studied), far);
  const [tight = '', ...others] = reasons(2, { memoryBytes: 110e6 });
  assert.equal(tight, `${apart} takes the least time, # s. Nothing else fits. ${unknown}`);
  for (const reason of others) assert.match(reason, / needs # MB on a device, more than # MB\.$/);
  const [none = ''] = reasons(2, { memoryBytes: 1e6 });
  assert.match(none, /^Nothing fits into the memory of the devices: .* MB\. No other way needs less\.$/);
});

test('a link on which no message pays leaves one device, and no memory at all leaves the smallest need', () => {
  const slow = plan(DEEP, { bytesPerSecond: 1e4, roundTripSeconds: 1 });
  assert.deepEqual([slow.recommendation.stages, slow.recommendation.replicas], [1, 1]);
  const none = plan(DEEP, { memoryBytes: 1e6 });
  assert.match(none.recommendation.reason, /^Nothing fits into the memory of the devices: /);
  const needs = none.methods.map(({ memory_bytes }) => memory_bytes);
  assert.equal(needs[0], Math.min(...needs));
});

test('each method of a plan is a job of its own, and its own settings decide for the method of the job', () => {
  const spec: SpecChanges = { ...DEEP, method: { ...DEEP.method, corrections: { precision: 'int8' } } };
  const [half, byte] = [plan(DEEP), plan(spec)].map(({ methods }) =>
    methods.find(({ method }) => method.type === 'augmented-lagrangian' && method.end_to_end_share === 0),
  );
  // float16 has two bytes a value, int8 one and its scales.
  assert.ok(half && byte && byte.bytes / half.bytes > 0.53 && byte.bytes / half.bytes < 0.54);
  for (const { method } of plan(DEEP).methods) {
    const { type, memory, ...rest } = method;
    const job = resolved({
      ...DEEP,
      method: { ...rest, type: type as 'backprop', memory: memory as 'stash' | null },
    });
    assert.deepEqual(job.method.split, method.split);
    assert.equal(job.method.end_to_end_replicas, method.end_to_end_replicas);
  }
});

test('a layout that needs more memory than a device has comes last', () => {
  const parallel = { ...DEEP, method: { stages: 4, end_to_end_share: 0 } };
  const { layouts } = plan(parallel, { devices: 4 });
  const one = layouts.find(({ stages, replicas }) => stages === 1 && replicas === 1);
  const memoryBytes = (one?.memory_bytes ?? 0) - 1;
  const tight = plan(parallel, { memoryBytes });
  assert.ok(tight.layouts.at(-1)?.fits === false && tight.layouts[0]?.fits);
  // The joined network's phase would need it whole.
  const joined = plan(DEEP, { memoryBytes }).layouts.filter(({ replicas }) => replicas === 1);
  assert.ok(joined.every(({ fits }) => !fits));
});

test('bytes that replicas and stages move are those of a ring, of the corrections, and of an AuxNet a round', () => {
  const { layouts, network, stages, steps_per_epoch } = plan(
    { ...DEEP, method: { stages: 2, end_to_end_share: 0, round_steps: 100 } },
    { devices: 2 },
  );
  const moved = (stages: number, replicas: number) =>
    layouts.find((layout) => layout.stages === stages && layout.replicas === replicas)?.bytes_per_epoch;
  assert.equal(moved(1, 1), 0);
  assert.equal(moved(1, 2), steps_per_epoch * 2 * 4 * network.parameters);
  const boundary = describeRun(resolved({ ...DEEP, method: { stages: 2 } }), MNIST).stages[1]!.input;
  const row = 128 * 2 * boundary.height * boundary.width * boundary.channels;
  const auxiliary = 4 * stages[1]!.auxiliary!.parameters;
  assert.equal(moved(2, 1), Math.round(steps_per_epoch * (row + auxiliary / 100)));
});

test('replicas of the end-to-end phase read the state of all of them and store their own, once a round', () => {
  const moved = (replicas: number) => {
    const method = { stages: 2, end_to_end_share: 0.5, end_to_end_replicas: replicas, round_steps: 50 };
    const { layouts, network, steps_per_epoch } = plan({ ...DEEP, method }, { devices: 2 });
    const own = layouts.find((layout) => layout.stages === 2 && layout.replicas === 1)!;
    return { bytes: own.bytes_per_epoch, network, steps: steps_per_epoch };
  };
  const [one, three] = [moved(1), moved(3)];
  // Weights and momentum, 4 bytes each, twelve times a round; half of the steps are end to end.
  const expected = 0.5 * (one.steps / 50) * 12 * 8 * one.network.parameters;
  assert.ok(Math.abs((three.bytes - one.bytes) / expected - 1) < 1e-3);
});

test('rates are found again in the seconds that tasks measured', () => {
  const spec = resolved(DEEP);
  const { network, stages } = describeRun(spec, MNIST);
  const rates = { forward: 3e-12, backward: 7e-12, coupling: 5e-10, message: 4e-9, update: 2e-9, data: 1e-6 };
  const costs = costsByRates(rates);
  const tasks = stageCosts(spec.method, stages, NOTHING_FROZEN).map((cost, stage) => {
    const parts = stageParts(cost, spec.method, costs, 128);
    const update = rates.update * cost.parameters;
    const auxiliaryUpdate = rates.update * cost.auxiliary.parameters;
    const seconds = {
      ...{
        data: parts.data,
        forward: parts.forward,
        backward: parts.backward - update,
        coupling: parts.coupling,
      },
      auxiliary_forward: parts.auxiliaryForward,
      auxiliary_backward: parts.auxiliaryBackward - auxiliaryUpdate,
      optimizer: update + auxiliaryUpdate,
      spool: messageSeconds(cost, spec.method, costs, 128),
    };
    const times10 = Object.fromEntries(Object.entries(seconds).map(([name, value]) => [name, 10 * value]));
    return { stage, weight: 10 / 4, seconds: times10, device: 'cpu:1', method: spec.method };
  });
  const measured = measuredRates(network, 128, [...tasks, { ...tasks[0]!, device: 'gpu:0' }]);
  assert.deepEqual(measured?.on, { device: 'cpu:1', tasks: 4, steps: 40 });
  for (const [name, rate] of Object.entries(rates)) {
    const found = measured?.rates[name as keyof typeof rates] ?? 0;
    assert.ok(Math.abs(found / rate - 1) < 1e-9, `${name}: ${found}`);
  }
  assert.equal(measuredRates(network, 128, []), null);
});

test('memory counts the vectors of the optimizer, and half the bytes between layers in bfloat16', () => {
  const stagesOf = (changes: Parameters<typeof resolved>[0], precision: 'float32' | 'bfloat16' = 'float32') =>
    makePlan({ ...resolved({ ...DEEP, ...changes }), precision }, MNIST, LOCAL).stages;
  const [sgd, adamw, half] = [
    stagesOf({}),
    stagesOf({ optimizer: { type: 'adamw', learning_rate: 0.001 } }),
    stagesOf({}, 'bfloat16'),
  ];
  sgd.forEach((stage, k) => {
    const parts = [stage.layers, stage.auxiliary, stage.head];
    const sum = (name: 'parameters' | 'activation_bytes') =>
      parts.reduce((all, part) => all + (part?.[name] ?? 0), 0);
    assert.equal(adamw[k]!.memory_bytes - stage.memory_bytes, 4 * sum('parameters'), 'a second moment');
    // A rounded copy of the weights beside them, two bytes each.
    assert.equal(
      stage.memory_bytes - half[k]!.memory_bytes,
      sum('activation_bytes') / 2 - 2 * sum('parameters') + 2 * 128 * 5 * largestIn(DEEP)[k]!,
    );
    assert.equal(half[k]!.layers.activation_bytes, stage.layers.activation_bytes / 2);
  });
});

test('a plan in bfloat16 without measurements follows the devices of the workers', () => {
  const secondsOn = (...known: NonNullable<PlanOptions['known']>) =>
    makePlan({ ...resolved(DEEP), precision: 'bfloat16' }, MNIST, { ...LOCAL, known }).stages[0]!
      .step_seconds;
  const slow = { name: 'Intel(R) Xeon(R)', bfloat16: true, prefers_bfloat16: false };
  const float32 = plan(DEEP).stages[0]!.step_seconds;
  assert.ok(secondsOn({ ...slow, prefers_bfloat16: true }) < secondsOn());
  assert.ok(secondsOn() < float32 && float32 < secondsOn(slow));
});

test('memory counts the activations of one part of a batch, its inputs, and a second set of gradients', () => {
  const stagesOf = (parts: number) =>
    makePlan(
      resolved({
        ...{ ...DEEP, method: { type: 'penalty', stages: 4 } },
        ...{ batch_size: 128, optimizer: { gradient_accumulation_steps: parts } },
      }),
      MNIST,
      LOCAL,
    ).stages;
  const [whole, quarters] = [stagesOf(1), stagesOf(4)];
  whole.forEach((stage, k) => {
    const parts = [stage.layers, stage.auxiliary, stage.head];
    const sum = (name: 'parameters' | 'activation_bytes') =>
      parts.reduce((all, part) => all + (part?.[name] ?? 0), 0);
    const spared = stage.memory_bytes - quarters[k]!.memory_bytes;
    const working = 4 * 5 * (128 - 32) * largestIn(DEEP)[k]!;
    const beside = (3 / 4) * sum('activation_bytes') + working - 4 * sum('parameters') - spared;
    assert.equal(quarters[k]!.layers.activation_bytes, stage.layers.activation_bytes / 4);
    // Images of one channel, 28 by 28, come in whole batches; so do features of 16 channels or more.
    assert.ok(k === 0 ? beside === 4 * 128 * 784 : beside > 0, `stage ${k}: ${beside}`);
  });
});

test('memory counts factors three times, and the patches that the largest layer makes of 32 images', () => {
  const stagesOf = (type: 'sgd' | 'kfac') =>
    makePlan(resolved({ ...DEEP, optimizer: { type } }), MNIST, LOCAL).stages;
  const spec = resolved(DEEP);
  const { stages } = describeRun(spec, MNIST);
  const [sgd, kfac] = [stagesOf('sgd'), stagesOf('kfac')];
  stages.forEach(({ layers, auxiliary }, k) => {
    const own = [...layers, ...(auxiliary ?? [])];
    const kernels = parametersOf(own).filter(({ shape }) => shape.length > 1);
    const factors = kernels.map(({ shape }) => {
      const outputs = shape.at(-1) ?? 0;
      return (sizeOf({ shape }) / outputs) ** 2 + outputs ** 2;
    });
    const patches = flatten(own).map((layer) =>
      layer.op === 'conv'
        ? layer.size ** 2 * layer.input.channels * layer.output.height * layer.output.width
        : 0,
    );
    const floats = 3 * factors.reduce((sum, each) => sum + each) + 32 * Math.max(...patches);
    assert.equal(kfac[k]!.memory_bytes - sgd[k]!.memory_bytes, 4 * floats);
  });
});

test('a plan says what storing the features of frozen blocks saves, and why a job does not store them', () => {
  const still = { crop_padding: 0, horizontal_flip: false };
  const frozen: SpecChanges = {
    freeze: { blocks: 2, norm: 'frozen' },
    init_from: { weights: 'weights_1', head: 'new', statistics: 'auto' },
    method: { stages: 2, type: 'pipeline' },
    augmentation: still,
    max_train_samples: 1000,
  };
  const of = (changes: SpecChanges) => plan({ ...frozen, ...changes });
  const stored = of({});
  const { frozen_features: features } = stored;
  assert.ok(features?.stored && features.obstacle === null && features.saved_seconds > 0);
  assert.equal(features.bytes, 4 * 1000 * 28 * 28 * 16);
  const computed = of({ augmentation: { ...still, crop_padding: 2 } });
  assert.deepEqual(computed.frozen_features, { ...features, stored: false, obstacle: 'augmentation' });
  assert.ok(stored.stages[0]!.step_seconds < computed.stages[0]!.step_seconds);
  assert.deepEqual(stored.stages[1], computed.stages[1]);
  const obstacle = (changes: SpecChanges) => of(changes).frozen_features?.obstacle;
  assert.equal(obstacle({ freeze: { blocks: 2, norm: 'estimate' } }), 'norm');
  assert.equal(obstacle({ method: { stages: 2, type: 'rounds' } }), 'method');
  assert.equal(obstacle({ max_train_samples: null, model: { width: 64 } }), 'bytes');
  assert.equal(obstacle({ freeze: { blocks: 2, norm: 'frozen', until_epoch: 1 }, epochs: 2 }), 'epochs');
  assert.equal(plan({}).frozen_features, null);
});

test('a plan for blocks that are frozen for some epochs counts the time before and after, and the memory of what needs most', () => {
  const of = (freeze: NonNullable<SpecChanges['freeze']> | null) =>
    plan({
      ...{ epochs: 4, max_train_samples: 1000, method: { stages: 2, type: 'pipeline', split: [4, 5] } },
      init_from: { weights: 'weights_1', head: 'new', statistics: 'auto' },
      freeze,
    });
  const [never, always, until] = [of(null), of({ blocks: 2 }), of({ blocks: 2, until_epoch: 1 })];
  assert.equal(always.unfrozen, null);
  assert.deepEqual(until.stages, always.stages);
  assert.equal(until.unfrozen?.from_epoch, 1);
  assert.deepEqual(until.unfrozen.stages, never.stages);
  const ownOf = ({ layouts }: typeof until) =>
    layouts.find(({ stages, replicas }) => stages === 2 && replicas === 1)!;
  const seconds = 0.25 * ownOf(always).epoch_seconds + 0.75 * ownOf(never).epoch_seconds;
  assert.ok(Math.abs(ownOf(until).epoch_seconds / seconds - 1) < 1e-3, 'times have four digits');
  assert.equal(ownOf(until).memory_bytes, ownOf(never).memory_bytes);
  const methodOf = ({ methods }: typeof until) => methods.find(({ method }) => method.type === 'backprop')!;
  assert.ok(methodOf(until).seconds > methodOf(always).seconds);
  assert.ok(methodOf(until).seconds < methodOf(never).seconds);
});

test('a plan says which neighboring stages of a pipeline share a slot, divided by their work', () => {
  const slots = (devices: number, type: 'pipeline' | 'augmented-lagrangian' = 'pipeline') =>
    plan({ ...DEEP, method: { type, stages: 4, split: [5, 2, 8, 12] } }, { devices }).stages.map(
      ({ slot }) => slot,
    );
  assert.deepEqual(slots(1), [0, 0, 0, 0]);
  // Blocks of the first group, with most values, have most work.
  assert.deepEqual(slots(2), [0, 0, 1, 1]);
  assert.deepEqual(slots(4), [0, 1, 2, 3]);
  assert.deepEqual(slots(9), [0, 1, 2, 3]);
  assert.deepEqual(slots(2, 'augmented-lagrangian'), [null, null, null, null]);
  // 15 and 12; any other cut has 20 or more on one slot.
  assert.deepEqual(sharedSlots([5, 2, 8, 12], 2), [3, 1]);
});

test('plans of jobs that remove channels: memory of the first round, the mean time of all, and the stages at the end', () => {
  const method = { stages: 2, split: [5, 4], auxiliary: { width: 64 } };
  const sparse = plan({ method: { ...method, sparsity: { keep: 0.25, until_round: 1 } } });
  const dense = plan({ method });
  const narrow = plan({ method: { ...method, auxiliary: { width: 16 } } });
  assert.equal(dense.pruned, null);
  assert.equal(sparse.pruned?.from_round, 1);
  assert.deepEqual(sparse.stages, dense.stages);
  assert.deepEqual(sparse.pruned?.stages, narrow.stages);
  const timeOf = ({ layouts }: typeof sparse) =>
    layouts.find(({ stages, replicas }) => stages === 2 && replicas === 1)!;
  const [first, last, mean] = [dense, narrow, sparse].map(timeOf);
  assert.equal(mean!.memory_bytes, first!.memory_bytes);
  assert.ok(last!.epoch_seconds < mean!.epoch_seconds && mean!.epoch_seconds < first!.epoch_seconds);
  const keepsAll = plan({ method: { ...method, sparsity: { keep: 1, until_round: 1 } } });
  assert.deepEqual(keepsAll, dense);
});
