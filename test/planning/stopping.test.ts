import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrataError } from '../../src/contract/errors.js';
import { roundsOf } from '../../src/method/rounds.js';
import { cutPhase } from '../../src/planning/stopping/cut-phase.js';
import { decidingRounds } from '../../src/planning/stopping/deciding-rounds.js';
import { type EarlyStopping, earlyStop } from '../../src/planning/stopping/early-stop.js';
import { candidatesAfter, finalizeOf, selectBest } from '../../src/planning/stopping/select-best.js';
import { countTasks, needsOf, planTasks } from '../../src/planning/tasks/task-graph.js';
import { MNIST, resolved, type SpecChanges } from '../jobs/support/specs.js';

const RULE: EarlyStopping = {
  metric: 'validation_accuracy',
  patience: 2,
  min_delta: 0,
  min_epochs: 0,
  target: null,
  then: 'finish',
};
const LOSS = { metric: 'validation_loss' } as const;

/** One evaluation an epoch, the first after round 0. */
const TABLE: readonly {
  readonly about: string;
  readonly rule?: Partial<EarlyStopping>;
  readonly values: readonly (number | null)[];
  readonly ends: ['early' | 'target', round: number, best: number | null] | null;
}[] = [
  { about: 'nothing evaluated', values: [], ends: null },
  { about: 'a steady rise', values: [0.1, 0.2, 0.3, 0.4], ends: null },
  { about: 'the best last', values: [0.3, 0.2, 0.4], ends: null },
  { about: 'no progress for the patience', values: [0.3, 0.2, 0.25, 0.9], ends: ['early', 2, 0] },
  { about: 'one evaluation short of the patience', values: [0.3, 0.2], ends: null },
  { about: 'a plateau: equal is not progress', values: [0.3, 0.3, 0.3], ends: ['early', 2, 0] },
  {
    about: 'progress of min_delta exactly',
    rule: { min_delta: 0.25 },
    values: [0.25, 0.5, 0.5],
    ends: ['early', 2, 0],
  },
  {
    about: 'progress of more than min_delta',
    rule: { min_delta: 0.25 },
    values: [0.25, 0.625, 0.5],
    ends: null,
  },
  // Steps below min_delta add up: each is compared with the best, not with the one before.
  { about: 'slow progress in sum', rule: { min_delta: 0.1 }, values: [0.5, 0.56, 0.62, 0.6], ends: null },
  { about: 'NaN after a best', values: [0.3, Number.NaN, Number.NaN], ends: ['early', 2, 0] },
  { about: 'null as NaN is stored', values: [0.3, null, null], ends: ['early', 2, 0] },
  { about: 'NaN from the start', values: [null, null], ends: ['early', 1, null] },
  { about: 'a number after NaN', values: [null, 0.1, null], ends: null },
  { about: 'a falling loss', rule: LOSS, values: [3, 2, 1], ends: null },
  { about: 'a rising loss', rule: LOSS, values: [1, 2, 3], ends: ['early', 2, 0] },
  {
    about: 'NaN of a loss',
    rule: { ...LOSS, target: 5 },
    values: [null, Number.NaN],
    ends: ['early', 1, null],
  },
  { about: 'the target', rule: { target: 0.5 }, values: [0.4, 0.5, 0.6], ends: ['target', 1, 1] },
  {
    about: 'the target of a loss',
    rule: { ...LOSS, target: 0.5 },
    values: [0.6, 0.5],
    ends: ['target', 1, 1],
  },
  {
    about: 'the target after the patience',
    rule: { target: 0.5 },
    values: [0.2, 0.1, 0.1, 0.6],
    ends: ['early', 2, 0],
  },
  { about: 'both at once', rule: { target: 0, patience: 1 }, values: [0], ends: ['target', 0, 0] },
  { about: 'the patience before min_epochs', rule: { min_epochs: 4 }, values: [0.3, 0.2, 0.1], ends: null },
  {
    about: 'the patience at min_epochs',
    rule: { min_epochs: 4 },
    values: [0.3, 0.2, 0.1, 0.1],
    ends: ['early', 3, 0],
  },
  {
    about: 'the target before min_epochs',
    rule: { min_epochs: 2, target: 0.5 },
    values: [0.9, 0.1],
    ends: null,
  },
];

test('early stopping ends a phase where the table says', () => {
  for (const { about, rule, values, ends } of TABLE) {
    const evaluations = values.map((value, round) => ({ round, epochs: round + 1, value }));
    const stop = earlyStop({ ...RULE, ...rule }, evaluations);
    const found = stop && [stop.reason, stop.round, stop.best?.round ?? null];
    assert.deepEqual(found, ends, about);
    // Values that come later change nothing.
    const later = earlyStop({ ...RULE, ...rule }, [...evaluations, { round: 99, epochs: 100, value: 0.99 }]);
    if (ends !== null) assert.deepEqual(later, stop, `${about}, with a later value`);
  }
});

const SMALL: SpecChanges = {
  max_train_samples: 256,
  batch_size: 32,
  epochs: 4,
  evaluate_every: 1,
  validation_share: 0.1,
  method: { type: 'augmented-lagrangian', stages: 2, round_steps: 4, end_to_end_share: 0.25 },
};
const stopped = (rule: Partial<EarlyStopping> = {}, changes: SpecChanges = {}) =>
  resolved({ ...SMALL, ...changes, early_stopping: { ...RULE, ...rule } });

test('early stopping looks at every evaluation but that of the last round', () => {
  const spec = stopped();
  const deciding = decidingRounds(spec, roundsOf(spec, MNIST));
  assert.deepEqual(
    deciding,
    [0, 1, 2, 3, 4].map((round) => ({ round, epochs: (round + 1) / 2 })),
  );
});

test('a cut phase drops later rounds, and what follows reads the last one that is left', () => {
  const spec = stopped();
  const { dropped, rewired } = cutPhase(spec, MNIST, 2);
  assert.deepEqual(
    [...dropped].sort(),
    [3, 4, 5].flatMap((round) => [`evaluate-${round}`, `stage-0-${round}`, `stage-1-${round}`]).sort(),
  );
  const before = planTasks(spec, MNIST);
  const keys = rewired.map(({ key }) => key);
  assert.deepEqual(keys, ['end_to_end-0', 'finalize']);
  for (const task of rewired)
    for (const key of needsOf(task)) assert.ok(!dropped.includes(key), `${task.key} waits for ${key}`);
  assert.deepEqual(rewired[0]?.inputs['state-1'], { task: 'stage-1-2', output: 'state' });
  assert.deepEqual(rewired[1]?.inputs['auxiliary-1'], { task: 'stage-1-2', output: 'auxiliary' });
  assert.equal(rewired[1]?.round, 2);
  // Steps belong to rounds, and no round of the joined network has another number or weight than before.
  for (const task of rewired) {
    const planned = before.find(({ key }) => key === task.key);
    assert.deepEqual([task.weight, task.outputs], [planned?.weight, planned?.outputs]);
  }
});

test('a cut phase of one stage goes straight to finalize', () => {
  const spec = stopped({}, { method: { type: 'backprop', round_steps: 4 } });
  const { rewired } = cutPhase(spec, MNIST, 3);
  assert.deepEqual(
    rewired.map(({ key }) => key),
    ['finalize'],
  );
  assert.deepEqual(rewired[0]?.inputs['state-0'], { task: 'stage-0-3', output: 'state' });
});

test('the joined network waits for the evaluations that can end the phase, and only with early stopping', () => {
  const needs = (spec: ReturnType<typeof resolved>) =>
    needsOf(planTasks(spec, MNIST).find(({ key }) => key === 'end_to_end-0')!).filter((key) =>
      key.startsWith('evaluate'),
    );
  assert.deepEqual(needs(resolved(SMALL)), []);
  assert.deepEqual(
    needs(stopped()),
    [0, 1, 2, 3, 4].map((round) => `evaluate-${round}`),
  );
});

const REFUSED: readonly [
  about: string,
  rule: Partial<EarlyStopping>,
  changes: SpecChanges,
  pointer: string,
  remedy: RegExp,
][] = [
  ['no validation images', {}, { validation_share: null }, '/early_stopping', /set validation_share/],
  ['no evaluations between rounds', {}, { evaluate_every: null }, '/early_stopping', /set evaluate_every/],
  [
    'no evaluation before the last round',
    {},
    { evaluate_every: 6 },
    '/early_stopping',
    /smaller method.round_steps/,
  ],
  [
    'one round alone',
    {},
    { method: { type: 'backprop', round_steps: 32 } },
    '/early_stopping',
    /smaller method.round_steps/,
  ],
  [
    'a patience that cannot be used up',
    { patience: 5 },
    {},
    '/early_stopping/patience',
    /use less than that/,
  ],
  [
    'min_epochs after the last evaluation',
    { min_epochs: 3 },
    {},
    '/early_stopping/min_epochs',
    /after 2.5 epochs; use at most/,
  ],
  [
    'a mean F1 above 1',
    { metric: 'validation_macro_f1', target: 90 },
    {},
    '/early_stopping/target',
    /at most 1/,
  ],
  ['an accuracy above 1', { target: 90 }, {}, '/early_stopping/target', /at most 1/],
];

for (const [about, rule, changes, pointer, remedy] of REFUSED) {
  test(`early stopping is refused with ${about}`, () => {
    assert.throws(
      () => stopped(rule, changes),
      (error) => {
        assert.ok(error instanceof StrataError);
        assert.deepEqual(
          error.errors.map((field) => field.pointer),
          [pointer],
        );
        assert.match(error.errors[0]?.message ?? '', remedy);
        return true;
      },
    );
  });
}

const METRICS = ['validation_accuracy', 'validation_loss', 'validation_macro_f1'] as const;
const BEST = { keep: 'best', metric: 'validation_accuracy' } as const;
const candidate = (round: number, value: number | null) => {
  return { round, key: `evaluate-${round}`, checkpoint: `round-${round}`, step: round, value };
};

test('the best evaluation is the first of the best values, and NaN is none', () => {
  const best = (values: readonly (number | null)[], metric: (typeof METRICS)[number]) =>
    selectBest(
      { ...BEST, metric },
      values.map((value, round) => candidate(round, value)),
    )?.round ?? null;
  const table: [(number | null)[], accuracy: number | null, loss: number | null][] = [
    [[], null, null],
    [[null, Number.NaN], null, null],
    [[0.3, 0.5, 0.4], 1, 0],
    [[0.3, 0.4, 0.5], 2, 0],
    [[0.5, 0.5, 0.3], 0, 2],
    [[Number.NaN, 0.2, null, 0.1], 1, 3],
    [[0], 0, 0],
  ];
  for (const [values, accuracy, loss] of table) {
    assert.equal(best(values, 'validation_accuracy'), accuracy, `accuracy of ${values}`);
    assert.equal(best(values, 'validation_loss'), loss, `loss of ${values}`);
    assert.equal(best(values, 'validation_macro_f1'), accuracy, `F1 of ${values}`);
  }
});

test('a network is selected among evaluations of the last phase alone, its last round included', () => {
  const joined = resolved({ ...SMALL, selection: BEST, method: { ...SMALL.method, round_steps: 3 } });
  assert.deepEqual(
    candidatesAfter(joined, MNIST, null).map(({ checkpoint, step }) => [checkpoint, step]),
    [
      ['end_to_end-0', 26],
      ['end_to_end-1', 29],
      ['end_to_end-2', 31],
    ].slice(0, roundsOf(joined, MNIST).endToEndRounds),
  );
  const alone = resolved({
    ...SMALL,
    selection: BEST,
    evaluate_every: 3,
    method: { type: 'backprop', round_steps: 4 },
  });
  assert.deepEqual(
    candidatesAfter(alone, MNIST, null).map(({ key }) => key),
    ['evaluate-2', 'evaluate-5', 'evaluate-7'],
  );
  assert.deepEqual(
    candidatesAfter(alone, MNIST, 3).map(({ key }) => key),
    ['evaluate-2'],
  );
});

test('finalize reads the selected network with the AuxNets that belong to it', () => {
  const joined = resolved({ ...SMALL, selection: BEST });
  const last = planTasks(joined, MNIST).at(-1);
  const chosen = finalizeOf(joined, MNIST, null, 0);
  assert.deepEqual(chosen.inputs.state, { task: 'end_to_end-0', output: 'state' });
  assert.deepEqual(chosen.inputs['auxiliary-1'], last?.inputs['auxiliary-1']);
  assert.ok(needsOf(chosen).includes('evaluate_joined-1'), 'it still waits for all evaluations');
  const alone = resolved({ ...SMALL, selection: BEST, method: { type: 'backprop', round_steps: 4 } });
  assert.deepEqual(finalizeOf(alone, MNIST, null, 2).inputs['state-0'], {
    task: 'stage-0-2',
    output: 'state',
  });
});

test('selecting the last network changes no plan', () => {
  const metric = 'validation_loss' as const;
  const changed = planTasks(resolved({ ...SMALL, selection: { keep: 'last', metric } }), MNIST);
  assert.deepEqual(changed, planTasks(resolved(SMALL), MNIST));
});

const UNSELECTABLE: readonly [about: string, changes: SpecChanges, remedy: RegExp][] = [
  ['no validation images', { validation_share: null }, /set validation_share/],
  ['no evaluations between rounds', { evaluate_every: null }, /set evaluate_every/],
  ['one evaluation in the last phase', { evaluate_every: 5 }, /the end-to-end one, which has 1/],
];
for (const [about, changes, remedy] of UNSELECTABLE) {
  test(`selecting the best is refused with ${about}`, () => {
    assert.throws(
      () => resolved({ ...SMALL, selection: BEST, ...changes }),
      (error) =>
        error instanceof StrataError &&
        error.errors.length === 1 &&
        error.errors[0]?.pointer === '/selection/keep' &&
        remedy.test(error.errors[0].message),
    );
  });
}

test('keeping the best checkpoints is refused without evaluations, keeping the latest is not', () => {
  const keeping = (checkpoints: { best: number; latest: number }) =>
    resolved({
      ...SMALL,
      evaluate_every: null,
      selection: { keep: 'last', metric: BEST.metric, checkpoints },
    });
  assert.throws(
    () => keeping({ best: 1, latest: 0 }),
    (error) =>
      error instanceof StrataError &&
      error.errors[0]?.pointer === '/selection/checkpoints/best' &&
      /set evaluate_every, for example to 1/.test(error.errors[0].message),
  );
  assert.equal(keeping({ best: 0, latest: 2 }).selection.checkpoints.latest, 2);
});

test('max_device_seconds with finish is refused where no round can be ended', () => {
  const budget = (then: 'finish' | 'pause') =>
    resolved({
      max_device_seconds: { amount: 10, then },
      max_train_samples: 256,
      method: { type: 'backprop', round_steps: 100 },
    });
  assert.throws(
    () => budget('finish'),
    (error) => error instanceof StrataError && error.errors[0]?.pointer === '/max_device_seconds/then',
  );
  assert.equal(budget('pause').max_device_seconds?.amount, 10);
});

test('counting tasks counts the evaluations of the end-to-end phase', () => {
  const spec = resolved({ ...SMALL, selection: BEST });
  assert.equal(countTasks(spec, MNIST), planTasks(spec, MNIST).length);
});

test('a phase cut at a round without an evaluation lets nothing wait for one', () => {
  const spec = resolved({ ...SMALL, evaluate_every: null });
  const { dropped, rewired } = cutPhase(spec, MNIST, 2);
  assert.ok(dropped.includes('evaluate-5'));
  assert.ok(rewired.every((task) => needsOf(task).every((key) => !key.startsWith('evaluate'))));
});

test('a target needs no patience that can be used up', () => {
  assert.equal(stopped({ patience: 100, target: 0.9 }).early_stopping?.patience, 100);
});
