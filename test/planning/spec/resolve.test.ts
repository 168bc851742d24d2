import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrataError } from '../../../src/contract/errors.js';
import { maxReplicas } from '../../../src/planning/spec/method/end-to-end.js';
import { resolveSpec } from '../../../src/planning/spec/resolve.js';
import { warningsOf } from '../../../src/planning/spec/warnings.js';
import { jobSpec, MNIST, resolved } from '../../jobs/support/specs.js';

type Changes = Parameters<typeof jobSpec>[0];

function problemsOf(changes: Changes): Record<string, string> {
  try {
    resolveSpec(jobSpec(changes), MNIST, 7);
  } catch (error) {
    assert.ok(error instanceof StrataError);
    assert.equal(error.code, 'invalid_spec');
    return Object.fromEntries(error.errors.map(({ pointer, message }) => [pointer, message]));
  }
  return {};
}

/** Steps of augmentation that are off unless a job asks for them. */
const PLAIN = {
  ...{ padding_mode: 'zero', flip: 'random', random_erasing: 0, mixup: 0, cutmix: 0 },
  ...{ mix_switch: 0.5, mix_off_epochs: 0, vertical_flip: false, rotation: 0, color_jitter: null },
  policy: { type: 'none', count: null, magnitude: null },
} as const;

test('a job that names only its dataset gets every default the contract promises', () => {
  const spec = resolved();
  assert.deepEqual(spec.model, {
    family: 'resnet',
    depth: 20,
    width: 16,
    dropout: 0,
    padding: 'same',
    gradient: null,
    learned_time: false,
    solver: null,
    steps: null,
    zero_init_residual: false,
  });
  assert.deepEqual(spec.augmentation, {
    crop_padding: 2,
    horizontal_flip: false,
    cutout: 0,
    random_resized_crop: false,
    ...PLAIN,
  });
  assert.equal(spec.seed, 7);
  const { stages, split, penalty, end_to_end_share, round_steps } = spec.method;
  assert.deepEqual({ stages, penalty, end_to_end_share }, { stages: 2, penalty: 4, end_to_end_share: 0.2 });
  assert.equal(split.length, 2);
  assert.equal(
    split.reduce((sum, count) => sum + count),
    9,
  );
  assert.equal(round_steps, 200);
});

test('values in the spec of a job are kept', () => {
  const spec = resolved({
    seed: 0,
    model: { family: 'wide-resnet', depth: 10, width: 1, dropout: 0.3, padding: 'symmetric' },
    method: { stages: 3, split: [1, 1, 1], penalty: 2.5, end_to_end_share: 0, round_steps: 33 },
    augmentation: { crop_padding: 0, horizontal_flip: true, cutout: 8, random_resized_crop: false },
  });
  assert.equal(spec.seed, 0);
  assert.deepEqual(spec.model, {
    family: 'wide-resnet',
    depth: 10,
    width: 1,
    dropout: 0.3,
    padding: 'symmetric',
    gradient: null,
    learned_time: false,
    solver: null,
    steps: null,
    zero_init_residual: false,
  });
  assert.deepEqual(spec.method.split, [1, 1, 1]);
  assert.equal(spec.method.penalty, 2.5);
  assert.equal(spec.method.round_steps, 33);
  assert.deepEqual(spec.augmentation, {
    crop_padding: 0,
    horizontal_flip: true,
    cutout: 8,
    random_resized_crop: false,
    ...PLAIN,
  });
});

test('a resolved spec resolves to itself, so a job can be repeated from its answer', () => {
  const cases: Changes[] = [
    {},
    { method: { end_to_end_share: 0 } },
    { method: { stages: 3, end_to_end_replicas: 2 } },
    { method: { corrections: { precision: 'int8', filter: 'average-2' } } },
    { method: { auxiliary: { width: 12, depth: 4 } } },
    { method: { type: 'penalty', stages: 3 } },
    { method: { type: 'frozen', stages: 3 } },
    { method: { type: 'local-heads', heads: { decoder: true }, corrections: { precision: 'int8' } } },
    { method: { type: 'local-heads', stages: 3, reach: 2 } },
    { method: { type: 'penalty', coupling: 'bregman-relu' } },
    { method: { sparsity: { keep: 0.5, regrow: 0.1 } } },
    { method: { type: 'backprop' } },
    { method: { warm_start_epochs: 2 } },
    { method: { type: 'rounds', stages: 3 } },
    { method: { type: 'rounds', message_rounds: 2 } },
    { method: { memory: 'recompute', memory_bytes: 1e9 } },
    { method: { memory: 'int8' } },
    { method: { type: 'pipeline', stages: 3, memory: 'recompute', outer: { rate: 0.7, momentum: null } } },
    { method: { end_to_end_replicas: 3, outer: { rate: 0.7, momentum: 0.9 } } },
    { method: { type: 'stored', stored: { coupling: 'augmented-lagrangian' } }, max_train_samples: 40_000 },
    { optimizer: { learning_rate: 1 }, method: { penalty: 0.5 } },
    { optimizer: { type: 'adamw' }, label_smoothing: 0.1 },
    { optimizer: { nesterov: true, clip_norm: 5, schedule: { warmup_epochs: 0.5 } } },
    { optimizer: { schedule: { type: 'polynomial', power: 3, minimum_rate: 0.01 } } },
    { class_weights: 'balanced', sampling: 'balanced' },
    { class_weights: MNIST.classes.map((_, index) => index + 1) },
    {
      freeze: { blocks: 7, norm: 'estimate' },
      init_from: { weights: 'weights_1', head: 'new', statistics: 'auto' },
    },
  ];
  for (const changes of cases) {
    const spec = resolved(changes);
    assert.deepEqual(resolveSpec(spec, MNIST, 99), spec);
  }
});

test('the network is cut behind its frozen blocks, which cost a forward pass alone', () => {
  const init_from = { weights: 'weights_1', head: 'new', statistics: 'auto' } as const;
  const splitOf = (blocks: number, method: NonNullable<Changes>['method'] = {}) =>
    resolved({ init_from, freeze: { blocks, norm: 'frozen' }, method }).method.split;
  const whole = resolved({ init_from }).method.split;
  assert.ok(splitOf(3)[0]! > whole[0]!, 'a first stage with frozen blocks takes more of them');
  assert.deepEqual(splitOf(7), [8, 1]);
  assert.deepEqual(splitOf(8), [9], 'one block is left for one stage');
  assert.deepEqual(splitOf(9), [9], 'the head alone');
  assert.deepEqual(splitOf(6, { stages: 3, split: [7, 1, 1] }), [7, 1, 1]);
  const refused: readonly [Changes, pointer: string, message: RegExp][] = [
    [{ freeze: { blocks: 1, norm: 'frozen' } }, '/freeze', /random weights; set init_from/],
    [
      { init_from, freeze: { blocks: 10, norm: 'frozen' } },
      '/freeze/blocks',
      /has 9 residual blocks; use at most 9/,
    ],
    [
      { init_from, freeze: { blocks: 7, norm: 'frozen' }, method: { stages: 3 } },
      '/method/stages',
      /2 residual blocks that are trained; use at most 2 stages, or fewer freeze\.blocks/,
    ],
    [
      { init_from, freeze: { blocks: 7, norm: 'frozen' }, method: { stages: 2, split: [7, 2] } },
      '/method/split',
      /would train nothing, since 7 blocks are frozen; give it 8 or more/,
    ],
    [
      { init_from, epochs: 3, freeze: { blocks: 1, until_epoch: 3 } },
      '/freeze/until_epoch',
      /has 3 epochs, so these blocks would never train; use at most 2, or null/,
    ],
    [
      { init_from: { ...init_from, statistics: 'keep' } },
      '/init_from/statistics',
      /use auto, or set freeze$/,
    ],
    [
      { init_from: { ...init_from, statistics: 'estimate' }, freeze: { blocks: 1, norm: 'estimate' } },
      '/init_from/statistics',
      /use auto, or set freeze\.norm frozen$/,
    ],
  ];
  for (const [changes, pointer, message] of refused)
    assert.match(problemsOf(changes)[pointer] ?? '', message);
});

test('a normalization has one number for each channel, and that of weights needs weights', () => {
  const one = { mean: [0.5], standard_deviation: [0.25] };
  assert.deepEqual(resolved({ normalization: one }).normalization, one);
  const refused: readonly [Changes, pointer: string, message: RegExp][] = [
    [{ normalization: 'weights' }, '/normalization', /needs init_from\.weights or init_from\.model/],
    [{ normalization: 'imagenet' }, '/normalization', /3 channels, these have 1/],
    [
      { normalization: { ...one, mean: [0.5, 0.5, 0.5] } },
      '/normalization/mean',
      /has 3 numbers.*1 channels/,
    ],
  ];
  for (const [changes, pointer, message] of refused)
    assert.match(problemsOf(changes)[pointer] ?? '', message);
});

test('ode-resnet chooses a solver and its steps, and keeps those that are asked for', () => {
  const choice = (changes: NonNullable<Changes>['model']) => {
    const { depth, width, solver, steps, gradient } = resolved({
      model: { family: 'ode-resnet', ...changes },
    }).model;
    return { depth, width, solver, steps, gradient };
  };
  assert.deepEqual(choice({}), {
    ...{ depth: 12, width: 16, solver: 'midpoint', steps: 2 },
    gradient: 'exact',
  });
  const own = { depth: 18, width: 4, solver: 'implicit-midpoint', steps: 1, gradient: 'phantom' } as const;
  assert.deepEqual(choice(own), own);
});

test('blocks that end with a batch norm can start as their shortcuts', () => {
  assert.equal(resolved({ model: { zero_init_residual: true } }).model.zero_init_residual, true);
  assert.match(
    problemsOf({ model: { family: 'wide-resnet', zero_init_residual: true } })['/model/zero_init_residual'] ??
      '',
    /end with a convolution.*use false/,
  );
});

test('backprop is one stage without an end-to-end phase', () => {
  const { stages, split, end_to_end_share } = resolved({ method: { type: 'backprop' } }).method;
  assert.deepEqual({ stages, split, end_to_end_share }, { stages: 1, split: [9], end_to_end_share: 0 });
});

test('the default of replicas is at most floor(steps (1 - momentum) / 5), so that each outlasts the memory of its momentum', () => {
  // 32 images a batch: 64 steps an epoch, half of the epochs end to end.
  const phase = { max_train_samples: 2048, batch_size: 32 };
  const method = { stages: 4, end_to_end_share: 0.5 };
  const replicasOf = (epochs: number, optimizer: NonNullable<Changes>['optimizer'] = {}) =>
    resolved({ ...phase, epochs, method, optimizer }).method.end_to_end_replicas;
  assert.deepEqual(
    [1, 4, 8, 20].map((epochs) => replicasOf(epochs)),
    [1, 2, 4, 4],
  );
  assert.equal(replicasOf(2, { momentum: 0.5 }), 4, 'a shorter memory bears more');
  assert.equal(
    replicasOf(4, { type: 'adamw', beta1: 0.95, learning_rate: 0.001 }),
    1,
    'beta1 is the memory of AdamW',
  );
  assert.deepEqual(
    [50, 49, 100].map((steps) => maxReplicas(steps, 0.9)),
    [1, 1, 2],
    'exact at whole numbers',
  );
  const named = { ...phase, epochs: 1, method: { ...method, end_to_end_replicas: 2 } };
  assert.equal(resolved(named).method.end_to_end_replicas, 2, 'a number that the job names');
});

test('replicas that the job names are kept; more than the phase bears are warned of, with the remedy', () => {
  const warned = (replicas: number | null, epochs: number) => {
    const phase = { max_train_samples: 2048, batch_size: 32, epochs };
    const method = { stages: 4, end_to_end_share: 0.5, end_to_end_replicas: replicas };
    return warningsOf(resolved({ ...phase, method }), MNIST);
  };
  // 4 epochs: a phase of 128 steps, which bears floor(128 (1 - 0.9) / 5) = 2 replicas.
  assert.deepEqual([warned(null, 4), warned(1, 4), warned(2, 4)], [[], [], []]);
  const [warning, ...more] = warned(3, 4);
  assert.equal(warning?.pointer, '/method/end_to_end_replicas');
  assert.match(warning?.message ?? '', /^3 replicas are too many for .* 128 steps.*Use 2 or null/);
  assert.deepEqual(more, []);
  assert.match(warned(2, 1)[0]?.message ?? '', /32 steps.*Use 1 or null/);
});

test('an end-to-end phase has as many replicas as stages, up to 8', () => {
  const replicasOf = (method: NonNullable<NonNullable<Changes>['method']>) =>
    resolved({ method }).method.end_to_end_replicas;
  assert.equal(replicasOf({ stages: 3 }), 3);
  assert.equal(replicasOf({ stages: 9 }), 8);
  assert.equal(replicasOf({ stages: 3, end_to_end_replicas: 5 }), 5);
  assert.equal(replicasOf({ stages: 3, end_to_end_share: 0 }), 1);
  assert.equal(replicasOf({ type: 'rounds', stages: 3 }), 1);
  assert.equal(replicasOf({ type: 'backprop', end_to_end_share: 1, end_to_end_replicas: 4 }), 4);
});

test('a costly AuxNet moves the balanced split: its stage has fewer blocks', () => {
  const splitOf = (width: number | null) => resolved({ method: { auxiliary: { width } } }).method.split;
  assert.ok(splitOf(256)[1]! < splitOf(null)[1]!);
});

test('a penalty left to the service at a rate that leaves none of 3 or more is refused, with both remedies', () => {
  const refusal = (method: NonNullable<NonNullable<Changes>['method']>, rate: number) =>
    problemsOf({ optimizer: { learning_rate: rate }, method })['/method/penalty'];
  for (const type of ['penalty', 'augmented-lagrangian'] as const) {
    assert.match(
      refusal({ type }, 0.4) ?? '',
      /'auto' would have to be 2.00 or less at learning_rate 0.4.*learning_rate of 0.266 or less, or name a penalty/,
    );
    assert.equal(refusal({ type }, 0.266), undefined, 'the rate that the remedy names');
    assert.equal(refusal({ type, penalty: 2 }, 0.4), undefined, 'a penalty that is named');
  }
  assert.match(refusal({ penalty: 'adaptive' }, 0.8) ?? '', /'adaptive' would have to be 1.00/);
  assert.match(
    refusal({ end_to_end_share: 0 }, 0.8) ?? '',
    /'auto' would have to be 1.00/,
    'auto is adaptive here',
  );
  assert.equal(refusal({ type: 'rounds' }, 0.4), undefined, 'messages within a batch carry the gradient');
  assert.equal(refusal({ stages: 1 }, 0.4), undefined, 'one stage has no coupling');
  assert.equal(refusal({ type: 'local-heads' }, 0.4), undefined, 'no coupling');
});

test('auto penalty: 4 or 6, less at high rates, adaptive for an augmented Lagrangian that ends parallel', () => {
  assert.equal(resolved({ method: { type: 'penalty' } }).method.penalty, 6);
  assert.equal(resolved({ optimizer: { learning_rate: 0.2 } }).method.penalty, 4);
  assert.equal(resolved({ optimizer: { learning_rate: 0.25 } }).method.penalty, 3.2);
  assert.equal(
    resolved({ optimizer: { learning_rate: 0.2 }, method: { type: 'penalty' } }).method.penalty,
    4,
  );
  assert.equal(resolved({ method: { end_to_end_share: 0 } }).method.penalty, 'adaptive');
  assert.equal(resolved({ method: { type: 'penalty', end_to_end_share: 0 } }).method.penalty, 6);
});

test('an optimiser gets the defaults of its type', () => {
  const figures = ({ optimizer }: ReturnType<typeof resolved>) => {
    const { learning_rate, momentum, beta1, beta2, epsilon, weight_decay } = optimizer;
    return [learning_rate, momentum, beta1, beta2, epsilon, weight_decay];
  };
  assert.deepEqual(figures(resolved()), [0.1, 0.9, null, null, null, 0.0001]);
  const adamw = resolved({ optimizer: { type: 'adamw', beta2: 0.99 } });
  assert.deepEqual(figures(adamw), [0.001, null, 0.9, 0.99, 1e-8, 0.01]);
});

test('a short job still has four parallel rounds per stage', () => {
  assert.equal(resolved({ max_train_samples: 1280, epochs: 1 }).method.round_steps, 2);
});

const REFUSED: [name: string, changes: Changes, pointer: string, remedy: RegExp][] = [
  ['resnet depth', { model: { depth: 21 } }, '/model/depth', /6n\+2.* 20 and 26/],
  ['wide-resnet depth', { model: { family: 'wide-resnet', depth: 20 } }, '/model/depth', /6n\+4.* 16 and 22/],
  [
    'wide-resnet depth below n = 1',
    { model: { family: 'wide-resnet', depth: 8 } },
    '/model/depth',
    /10 and 16/,
  ],
  [
    'imagenet-resnet on small images',
    { model: { family: 'imagenet-resnet' } },
    '/model/family',
    /64x64; the images of mnist are 28x28: use resnet/,
  ],
  [
    'imagenet-resnet depth',
    { model: { family: 'imagenet-resnet', depth: 20 } },
    '/model/depth',
    /18, 34, 50, 101, 152, not 20/,
  ],
  [
    'dropout in another family',
    { model: { dropout: 0.3 } },
    '/model/dropout',
    /use 0, or family wide-resnet/,
  ],
  [
    'ode-resnet depth',
    { model: { family: 'ode-resnet', depth: 20 } },
    '/model/depth',
    /6n\+6; the nearest to 20 are 18 and 24/,
  ],
  ['a solver in another family', { model: { solver: 'rk4' } }, '/model/solver', /use family ode-resnet/],
  [
    'a learned time in another family',
    { model: { learned_time: true } },
    '/model/learned_time',
    /use family ode-resnet/,
  ],
  [
    'a phantom gradient of an explicit solver',
    { model: { family: 'ode-resnet', gradient: 'phantom' } },
    '/model/gradient',
    /midpoint computes them; use exact/,
  ],
  ['steps in another family', { model: { steps: 2 } }, '/model/steps', /use family ode-resnet/],
  [
    'Kronecker factors of shared kernels',
    { model: { family: 'ode-resnet' }, optimizer: { type: 'kfac' } },
    '/optimizer/type',
    /steps of ode-resnet share them; use another one, or another model/,
  ],
  [
    'frozen fields',
    {
      model: { family: 'ode-resnet' },
      init_from: { checkpoint: 'b'.repeat(64) },
      freeze: { blocks: 1 },
    },
    '/freeze',
    /statistics for each step.*leave freeze out/,
  ],
  ['more stages than blocks', { method: { stages: 10 } }, '/method/stages', /9 residual blocks/],
  ['backprop in stages', { method: { type: 'backprop', stages: 2 } }, '/method/stages', /use 1/],
  ['split of another length', { method: { split: [9] } }, '/method/split', /1 entries for 2 stages/],
  ['split of another sum', { method: { split: [4, 4] } }, '/method/split', /has the sum 8; it must be 9/],
  [
    'batch larger than the data',
    { max_train_samples: 100 },
    '/batch_size',
    /at most 100, the number of training images/,
  ],
  ['unstable penalty', { method: { penalty: 10 } }, '/method/penalty', /use 8.00 or less/],
  [
    'a penalty without a coupling',
    { method: { type: 'frozen', penalty: 4 } },
    '/method/penalty',
    /no coupling/,
  ],
  [
    'a decoder without heads',
    { method: { heads: { decoder: true } } },
    '/method/heads/decoder',
    /no local heads/,
  ],
  [
    'a decoder of one stage',
    { method: { type: 'local-heads', stages: 1, heads: { decoder: true } } },
    '/method/heads/decoder',
    /one stage has no local heads/,
  ],
  [
    'a coupling of a method without a choice',
    { method: { type: 'local-heads', coupling: 'squared' } },
    '/method/coupling',
    /only valid for method.type penalty or augmented-lagrangian with at least two stages; use null/,
  ],
  [
    'a coupling of stored variables',
    { method: { type: 'stored', coupling: 'bregman-relu' } },
    '/method/coupling',
    /use null/,
  ],
  ['a coupling of one stage', { method: { stages: 1, coupling: 'squared' } }, '/method/coupling', /use null/],
  [
    'a coupling at a ReLU that the blocks lack',
    { model: { family: 'wide-resnet', depth: 10 }, method: { coupling: 'bregman-relu' } },
    '/method/coupling',
    /do not end with one; use squared, or another model.family/,
  ],
  [
    'a reach without heads',
    { method: { type: 'augmented-lagrangian', reach: 1 } },
    '/method/reach',
    /only valid for method.type local-heads with at least two stages; use null/,
  ],
  [
    'a reach of one stage',
    { method: { type: 'local-heads', stages: 1, reach: 1 } },
    '/method/reach',
    /use null/,
  ],
  [
    'a reach beyond the last stage',
    { method: { type: 'local-heads', stages: 3, reach: 4 } },
    '/method/reach',
    /more than the 3 stages; use at most 3/,
  ],
  [
    'channels that stay, replaced',
    { method: { sparsity: { regrow: 0.1 } } },
    '/method/sparsity/regrow',
    /use null, or set sparsity.keep/,
  ],
  [
    'channels of AuxNets that a pipeline lacks',
    { method: { type: 'pipeline', sparsity: { keep: 0.5 } } },
    '/method/sparsity/keep',
    /use null, or a method.type of penalty, .*local-heads.* with at least two stages/,
  ],
  [
    'channels of the AuxNets of one stage',
    { method: { stages: 1, sparsity: { keep: 0.5 } } },
    '/method/sparsity/keep',
    /at least two stages/,
  ],
  [
    'channels of heads of which none is there',
    { method: { type: 'local-heads', stages: 3, reach: 3, sparsity: { keep: 0.5 } } },
    '/method/sparsity/keep',
    /use null, or a smaller method.reach/,
  ],
  [
    'hidden channels of a single convolution',
    { method: { auxiliary: { depth: 1 }, sparsity: { keep: 0.5 } } },
    '/method/sparsity/keep',
    /use null, or an auxiliary.depth of at least 2/,
  ],
  [
    'kernels that change their size, with factors',
    { method: { sparsity: { keep: 0.5 } }, optimizer: { type: 'kfac' } },
    '/method/sparsity/keep',
    /use null, or another optimizer.type/,
  ],
  [
    'channels that are removed between rounds of which there is one',
    { method: { round_steps: 10_000, sparsity: { keep: 0.5 } } },
    '/method/sparsity/keep',
    /use null, or a smaller method.round_steps/,
  ],
  [
    'channels that are removed after the last round',
    { method: { sparsity: { keep: 0.5, until_round: 20_000 } } },
    '/method/sparsity/until_round',
    /use at most \d+/,
  ],
  [
    'a rate for AuxNets that local heads lack',
    { method: { type: 'local-heads', auxiliary: { learning_rate: 0.1 } } },
    '/method/auxiliary/learning_rate',
    /no AuxNets/,
  ],
  [
    'a filter on features',
    { method: { type: 'local-heads', corrections: { filter: 'average-2' } } },
    '/method/corrections/filter',
    /sends no corrections/,
  ],
  [
    'adaptive penalty',
    { method: { type: 'penalty', penalty: 'adaptive' } },
    '/method/penalty',
    /use a number/,
  ],
  ['momentum of adamw', { optimizer: { type: 'adamw', momentum: 0.9 } }, '/optimizer/momentum', /beta1/],
  [
    'a trust coefficient of sgd',
    { optimizer: { trust_coefficient: 0.01 } },
    '/optimizer/trust_coefficient',
    /is for lars; leave it out with sgd, which has/,
  ],
  ['Nesterov of adamw', { optimizer: { type: 'adamw', nesterov: true } }, '/optimizer/nesterov', /use false/],
  [
    'beta1 of sgd',
    { optimizer: { beta1: 0.9 } },
    '/optimizer/beta1',
    /is for adamw, lamb; leave it out with sgd, which has/,
  ],
  [
    'Nesterov without momentum',
    { optimizer: { nesterov: true, momentum: 0 } },
    '/optimizer/nesterov',
    /momentum above 0/,
  ],
  [
    'factors of gradients that several exchanges make',
    { method: { type: 'rounds' }, optimizer: { type: 'kfac' } },
    '/optimizer/type',
    /kfac needs the gradient of one loss/,
  ],
  [
    'the factor of milestones of a schedule without any',
    { optimizer: { schedule: { gamma: 0.5 } } },
    '/optimizer/schedule/gamma',
    /is for step; use 0.1 with cosine/,
  ],
  [
    'replicas of stages that one task trains',
    { method: { type: 'pipeline', stages: 2, replicas: 2 } },
    '/method/replicas',
    /only valid for method.type penalty, augmented-lagrangian, local-heads with at least two stages; use 1/,
  ],
  [
    'more replicas than steps of a round',
    { method: { stages: 2, replicas: 3, round_steps: 2 } },
    '/method/replicas',
    /more than the 2 steps of a round; use at most 2/,
  ],
  [
    'milestones of a schedule without any',
    { optimizer: { schedule: { milestones: [0.3] } } },
    '/optimizer/schedule/milestones',
    /are for step; leave them out with cosine/,
  ],
  [
    'a cost share of AuxNets that a method has not',
    { method: { type: 'local-heads', auxiliary: { cost_share: 0.2 } } },
    '/method/auxiliary/cost_share',
    /local-heads has no AuxNets; use 0.1/,
  ],
  [
    'damping of sgd',
    { optimizer: { damping: 0.1 } },
    '/optimizer/damping',
    /is for kfac; leave it out with sgd, which has/,
  ],
  [
    'parts into which a batch cannot be cut',
    { batch_size: 128, optimizer: { gradient_accumulation_steps: 3 } },
    '/optimizer/gradient_accumulation_steps',
    /must divide batch_size 128/,
  ],
  [
    'parts of one image',
    { batch_size: 8, optimizer: { gradient_accumulation_steps: 8 } },
    '/optimizer/gradient_accumulation_steps',
    /at least 2 images/,
  ],
  [
    'parts of a batch of a pipeline',
    { method: { type: 'pipeline' }, optimizer: { gradient_accumulation_steps: 2 } },
    '/optimizer/gradient_accumulation_steps',
    /must be 1 with pipeline: its stages keep/,
  ],
  [
    'parts of a batch about which stages exchange messages',
    { method: { type: 'rounds' }, optimizer: { gradient_accumulation_steps: 2 } },
    '/optimizer/gradient_accumulation_steps',
    /exchange messages/,
  ],
  [
    'a warm-up as long as the run',
    { epochs: 3, optimizer: { schedule: { warmup_epochs: 3 } } },
    '/optimizer/schedule/warmup_epochs',
    /below the run's 3 epochs/,
  ],
  [
    'a warm-up beyond the first milestone',
    { optimizer: { schedule: { type: 'step', milestones: [0.75, 0.2], warmup_epochs: 2.5 } } },
    '/optimizer/schedule/warmup_epochs',
    /at most 2,/,
  ],
  [
    'a rate for no AuxNet',
    { method: { type: 'backprop', auxiliary: { learning_rate: 0.1 } } },
    '/method/auxiliary/learning_rate',
    /one stage has no AuxNet/,
  ],
  [
    'a width of no AuxNet',
    { method: { stages: 1, auxiliary: { width: 8 } } },
    '/method/auxiliary/width',
    /one stage has no AuxNet/,
  ],
  [
    'a share beside a width',
    { method: { auxiliary: { cost_share: 0.2, width: 8 } } },
    '/method/auxiliary/cost_share',
    /leave one of them out/,
  ],
  [
    'an AuxNet that does not reach its boundary',
    { method: { stages: 3, split: [3, 4, 2], auxiliary: { depth: 2 } } },
    '/method/auxiliary/depth',
    /inputs of stage 2: use 3 or more/,
  ],
  [
    'the inner width of one convolution',
    { method: { split: [2, 7], auxiliary: { width: 8, depth: 1 } } },
    '/method/auxiliary/depth',
    /use at least 2, or leave width out/,
  ],
  [
    'a filter of no corrections',
    { method: { type: 'penalty', corrections: { filter: 'average-2' } } },
    '/method/corrections/filter',
    /penalty with 2 stages sends no corrections; leave it out/,
  ],
  [
    'a precision of no corrections',
    { method: { stages: 1, corrections: { precision: 'int8' } } },
    '/method/corrections/precision',
    /with one stage sends no corrections/,
  ],
  [
    'a step between rounds of another method',
    { method: { type: 'penalty', end_to_end_replicas: 1, outer: { rate: 0.7, momentum: null } } },
    '/method/outer/rate',
    /only valid for method.type pipeline with at least two stages, or with at least two end_to_end_replicas; use null/,
  ],
  [
    'a number format of streams of another method',
    { method: { type: 'penalty', stream: { precision: 'int8' } } },
    '/method/stream/precision',
    /only valid for method.type pipeline with at least two stages; leave it out/,
  ],
  [
    'a budget of memory where nothing is computed again',
    { method: { type: 'penalty', memory: 'int8', memory_bytes: 1e9 } },
    '/method/memory_bytes',
    /is only for method.memory recompute; use it, or null/,
  ],
  [
    'a budget of memory of a pipeline',
    { method: { type: 'pipeline', memory: 'recompute', memory_bytes: 1e9 } },
    '/method/memory_bytes',
    /has no meaning for stages of pipeline, which keep inputs alone; use null/,
  ],
  [
    'a budget of memory that no cut can keep',
    { method: { memory: 'recompute', memory_bytes: 1e6 } },
    '/method/memory_bytes',
    /must be at least \d+, or use more stages, more parts of a batch, or a smaller batch/,
  ],
  [
    'features rounded to the format that they have',
    { precision: 'bfloat16', method: { memory: 'bfloat16' } },
    '/method/memory',
    /saves nothing with precision bfloat16; use stash/,
  ],
  [
    'a momentum of no step between rounds',
    { method: { type: 'pipeline', outer: { rate: null, momentum: 0.5 } } },
    '/method/outer/momentum',
    /has no effect without a rate/,
  ],
  [
    'more rounds of messages than change anything',
    { method: { type: 'rounds', stages: 3, message_rounds: 6 } },
    '/method/message_rounds',
    /5 rounds give exact .* use at most 5/,
  ],
  [
    'rounds of messages of another method',
    { method: { type: 'penalty', message_rounds: 2 } },
    '/method/message_rounds',
    /leave it out with penalty/,
  ],
  [
    'a crop of images with stored variables',
    { method: { type: 'stored' }, augmentation: { crop_padding: 2 } },
    '/augmentation/crop_padding',
    /without augmentation; use 0 or null/,
  ],
  [
    'a flip of images with stored variables',
    { method: { type: 'stored' }, augmentation: { horizontal_flip: true } },
    '/augmentation/horizontal_flip',
    /use false or null/,
  ],
  [
    'a cutout of images with stored variables',
    { method: { type: 'stored' }, augmentation: { cutout: 4 } },
    '/augmentation/cutout',
    /without augmentation; use 0/,
  ],
  [
    'a minimum rate of a constant schedule',
    { optimizer: { schedule: { type: 'constant', minimum_rate: 0.01 } } },
    '/optimizer/schedule/minimum_rate',
    /is for cosine, linear, polynomial; use 0 with constant/,
  ],
  [
    'a minimum above the rate',
    { optimizer: { learning_rate: 0.05, schedule: { minimum_rate: 0.1 } } },
    '/optimizer/schedule/minimum_rate',
    /at most the learning_rate of 0.05/,
  ],
  [
    'a power of a schedule without one',
    { optimizer: { schedule: { type: 'linear', power: 3 } } },
    '/optimizer/schedule/power',
    /is for polynomial; use 2 with linear/,
  ],
  [
    'a rate of a warm-up that there is not',
    { optimizer: { schedule: { warmup_rate: 0.01 } } },
    '/optimizer/schedule/warmup_rate',
    /use 0, or warmup_epochs above 0/,
  ],
  [
    'a warm-up from above the rate',
    { optimizer: { learning_rate: 0.05, schedule: { warmup_epochs: 1, warmup_rate: 0.1 } } },
    '/optimizer/schedule/warmup_rate',
    /at most the learning_rate of 0.05/,
  ],
  [
    'a cool-down at the rate 0',
    { optimizer: { schedule: { cooldown_epochs: 1 } } },
    '/optimizer/schedule/cooldown_epochs',
    /use 0, or a minimum_rate above 0/,
  ],
  [
    'a cool-down of a schedule that never falls',
    { optimizer: { schedule: { type: 'constant', cooldown_epochs: 1 } } },
    '/optimizer/schedule/cooldown_epochs',
    /is for cosine, linear, polynomial; use 0 with constant/,
  ],
  [
    'a warm-up and a cool-down that fill the run',
    {
      epochs: 3,
      optimizer: { schedule: { warmup_epochs: 1.5, cooldown_epochs: 1.5, minimum_rate: 0.01 } },
    },
    '/optimizer/schedule/cooldown_epochs',
    /must leave some of the run's 3 epochs for the way down/,
  ],
  [
    'an alternating flip where no image is mirrored',
    { augmentation: { flip: 'alternating' } },
    '/augmentation/flip',
    /use random, or horizontal_flip true/,
  ],
  [
    'a reflection around images that are not padded',
    { augmentation: { crop_padding: 0, padding_mode: 'reflect' } },
    '/augmentation/padding_mode',
    /use zero, or a crop_padding above 0/,
  ],
  [
    'a reflection of more pixels than there are',
    { augmentation: { crop_padding: 28, padding_mode: 'reflect' } },
    '/augmentation/crop_padding',
    /use 27 or less, or padding_mode zero/,
  ],
  [
    'erasing in images with stored variables',
    { method: { type: 'stored' }, augmentation: { random_erasing: 0.1 } },
    '/augmentation/random_erasing',
    /without augmentation; use 0/,
  ],
  [
    'mixed images with stored variables',
    { method: { type: 'stored' }, augmentation: { cutmix: 1 } },
    '/augmentation/cutmix',
    /without augmentation; use 0/,
  ],
  [
    'turned images with stored variables',
    { method: { type: 'stored' }, augmentation: { rotation: 5 } },
    '/augmentation/rotation',
    /without augmentation; use 0/,
  ],
  [
    'images upside down with stored variables',
    { method: { type: 'stored' }, augmentation: { vertical_flip: true } },
    '/augmentation/vertical_flip',
    /without augmentation; use false/,
  ],
  [
    'other colors with stored variables',
    { method: { type: 'stored' }, augmentation: { color_jitter: { brightness: 0.1 } } },
    '/augmentation/color_jitter',
    /without augmentation; use null/,
  ],
  [
    'a policy with stored variables',
    { method: { type: 'stored' }, augmentation: { policy: { type: 'trivial-augment' } } },
    '/augmentation/policy/type',
    /without augmentation; use none/,
  ],
  [
    'a count of the policy that draws one operation',
    { augmentation: { policy: { type: 'trivial-augment', count: 3 } } },
    '/augmentation/policy/count',
    /is for rand-augment; use null with trivial-augment/,
  ],
  [
    'a magnitude without a policy',
    { augmentation: { policy: { magnitude: 3 } } },
    '/augmentation/policy/magnitude',
    /is for rand-augment; use null with none/,
  ],
  [
    'a change of colors that changes nothing',
    { augmentation: { color_jitter: {} } },
    '/augmentation/color_jitter',
    /changes nothing; use null, or an amount above 0/,
  ],
  [
    'another hue of gray images',
    { augmentation: { color_jitter: { brightness: 0.2, hue: 0.1 } } },
    '/augmentation/color_jitter/hue',
    /gray images have none; use 0/,
  ],
  [
    'a switch between two ways to mix where there is one',
    { augmentation: { mixup: 0.2, mix_switch: 0.7 } },
    '/augmentation/mix_switch',
    /use 0.5, or both above 0/,
  ],
  [
    'an end of mixing in a job that mixes nothing',
    { augmentation: { mix_off_epochs: 1 } },
    '/augmentation/mix_off_epochs',
    /use 0, or a mixup or cutmix above 0/,
  ],
  [
    'an end of mixing before the run begins',
    { epochs: 3, augmentation: { mixup: 0.2, mix_off_epochs: 3 } },
    '/augmentation/mix_off_epochs',
    /must be below the run's 3 epochs/,
  ],
  [
    'balanced classes of images with stored variables',
    { method: { type: 'stored' }, sampling: 'balanced' },
    '/sampling',
    /every image once; use uniform, and class_weights balanced/,
  ],
  [
    'weights of other classes than the dataset has',
    { class_weights: [1, 2, 3] },
    '/class_weights',
    /has 3 weights, but mnist has 10 classes; give one for each/,
  ],
  [
    'a round of stored variables that is no whole epoch',
    { method: { type: 'stored', round_steps: 500 } },
    '/method/round_steps',
    /a multiple of 468, the steps per epoch, with method stored; use 468, or null/,
  ],
  [
    'epochs of stored variables longer than a round may be',
    { batch_size: 4, method: { type: 'stored' } },
    '/batch_size',
    /epochs of 15000 steps.* greater batch/,
  ],
  [
    'more stored variables than a job may have',
    { model: { width: 64 }, method: { type: 'stored' } },
    '/method/type',
    /5\.6 GiB of variables, of 4\.0 allowed; use max_train_samples of at most \d+/,
  ],
  [
    'a warm start of stored variables',
    { method: { type: 'stored', warm_start_epochs: 1 } },
    '/method/warm_start_epochs',
    /start from the untrained network; use 0/,
  ],
  [
    'a precision of stored rows',
    { method: { type: 'stored', corrections: { precision: 'int8' } } },
    '/method/corrections/precision',
    /stored with 2 stages sends no corrections/,
  ],
  [
    'a coupling of stored variables where none are stored',
    { method: { stored: { coupling: 'penalty' } } },
    '/method/stored/coupling',
    /method\.type stored with at least two stages/,
  ],
  [
    'a warm start of one stage',
    { method: { type: 'backprop', warm_start_epochs: 1 } },
    '/method/warm_start_epochs',
    /use 0, or at least two stages/,
  ],
  [
    'a warm start that leaves nothing to the stages',
    { method: { warm_start_epochs: 8 } },
    '/method/warm_start_epochs',
    /leaves no steps for the layer-parallel phase; use a smaller value/,
  ],
  [
    'replicas of no end-to-end phase',
    { method: { end_to_end_share: 0, end_to_end_replicas: 2 } },
    '/method/end_to_end_replicas',
    /requires an end-to-end phase; use 1 or null, or a greater end_to_end_share/,
  ],
  ['a cutout of the whole image', { augmentation: { cutout: 28 } }, '/augmentation/cutout', /use 27 or less/],
  ['too many tasks', { epochs: 1000, method: { round_steps: 1 } }, '/method/round_steps', /use 47 or more/],
];
for (const [name, changes, pointer, remedy] of REFUSED) {
  test(`refused with pointer and remedy: ${name}`, () => {
    assert.match(problemsOf(changes)[pointer] ?? '', remedy);
  });
}

test('rounds of messages: exact unless fewer are asked for, and none for other methods', () => {
  const roundsOf = (method: NonNullable<NonNullable<Changes>['method']>) =>
    resolved({ method }).method.message_rounds;
  assert.equal(roundsOf({ type: 'rounds', stages: 3 }), 5);
  assert.equal(roundsOf({ type: 'rounds', stages: 3, message_rounds: 2 }), 2);
  assert.equal(roundsOf({ type: 'penalty' }), null);
});

test('stored: images stay as they are, rounds are epochs, the coupling is a penalty', () => {
  const spec = resolved({ method: { type: 'stored' } });
  assert.deepEqual(spec.augmentation, {
    crop_padding: 0,
    horizontal_flip: false,
    cutout: 0,
    random_resized_crop: false,
    ...PLAIN,
  });
  assert.equal(spec.method.round_steps, 468);
  assert.deepEqual(spec.method.stored, { coupling: 'penalty' });
  assert.deepEqual(resolved().method.stored, { coupling: null });
});

test('the number of samples that the cap on stored variables names fits, one more does not', () => {
  const wide = { model: { width: 64 }, method: { type: 'stored' } } as const;
  const max = Number(/max_train_samples of at most (\d+)/.exec(problemsOf(wide)['/method/type'] ?? '')?.[1]);
  assert.deepEqual(problemsOf({ ...wide, max_train_samples: max }), {});
  assert.ok(problemsOf({ ...wide, max_train_samples: max + 1 })['/method/type']);
  const twice = { type: 'stored', stored: { coupling: 'augmented-lagrangian' } } as const;
  assert.ok(
    problemsOf({ ...wide, max_train_samples: max, method: twice })['/method/type'],
    'multipliers count',
  );
});

test('all invalid fields are named', () => {
  const problems = problemsOf({ batch_size: 4096, max_train_samples: 16, model: { depth: 9 } });
  assert.deepEqual(Object.keys(problems).sort(), ['/batch_size', '/model/depth']);
});
