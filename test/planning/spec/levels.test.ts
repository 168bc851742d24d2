import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StrataError } from '../../../src/contract/errors.js';
import { describeRun, parallelRange, partsOfRun, roundsOf } from '../../../src/method/index.js';
import { wholeNetwork, work } from '../../../src/network/index.js';
import { makePlan } from '../../../src/planning/forecast/forecast.js';
import { candidatesOf, planTasks } from '../../../src/planning/tasks/task-graph.js';
import { MNIST, resolved, type SpecChanges } from '../../jobs/support/specs.js';

type Method = NonNullable<SpecChanges['method']>;

const specOf = (method: Method, changes: SpecChanges = {}) =>
  resolved({
    max_train_samples: 1280,
    epochs: 3,
    ...changes,
    model: { depth: 26, ...changes.model },
    method,
  });

function refused(method: Method, changes: SpecChanges = {}): string[] {
  try {
    specOf(method, changes);
  } catch (error) {
    if (error instanceof StrataError)
      return error.errors.map(({ pointer, message }) => `${pointer} ${message}`);
    throw error;
  }
  return [];
}

test('levels have equal shares of the layer-parallel steps, or those that the job names', () => {
  const shared = specOf({ type: 'backprop', levels: { count: 3, shares: null } });
  assert.deepEqual(shared.method.levels, { count: 3, shares: [1 / 3, 1 / 3] });
  assert.deepEqual(roundsOf(shared, MNIST).levelSteps, [10, 20]);
  const named = specOf({ type: 'backprop', levels: { count: 3, shares: [0.5, 0.3] } });
  assert.deepEqual(roundsOf(named, MNIST).levelSteps, [15, 24]);
  assert.deepEqual(specOf({ type: 'backprop' }).method.levels, { count: 1, shares: null });
  // A warm start of 10 steps is of the first level; an end-to-end phase of 6, of the last one.
  const phases = specOf({
    type: 'penalty',
    stages: 2,
    warm_start_epochs: 1,
    levels: { count: 2, shares: null },
  });
  assert.deepEqual(roundsOf(phases, MNIST).levelSteps, [17]);
});

test('a round begins with each level, and a task of an earlier one weighs as much less as its network does', () => {
  const spec = specOf({
    type: 'penalty',
    stages: 2,
    round_steps: 7,
    levels: { count: 2, shares: null },
    end_to_end_share: 0,
  });
  const rounds = roundsOf(spec, MNIST);
  const starts = Array.from({ length: rounds.parallelRounds }, (_, round) => parallelRange(rounds, round));
  assert.deepEqual(
    starts.map(({ start, end }) => [start, end]),
    [
      [0, 7],
      [7, 14],
      [14, 15],
      [15, 22],
      [22, 29],
      [29, 30],
    ],
  );
  const [first, last] = partsOfRun(spec, MNIST).map(({ run }) => work(wholeNetwork(run.network)));
  const weightOf = (key: string) => planTasks(spec, MNIST).find((task) => task.key === key)!.weight;
  assert.equal(weightOf('stage-0-0') / weightOf('stage-0-3'), first! / last!);
});

test('stages take blocks that stand for whole blocks of the first level', () => {
  for (const type of ['augmented-lagrangian', 'local-heads'] as const) {
    const { split } = specOf({ type, stages: 3, levels: { count: 3, shares: null } }).method;
    assert.equal(
      split.reduce((sum, blocks) => sum + blocks, 0),
      12,
    );
    assert.ok(
      split.every((blocks) => blocks % 4 === 0),
      `${split}`,
    );
  }
  assert.match(
    refused({ type: 'penalty', stages: 4, levels: { count: 3, shares: null } })[0]!,
    /^\/method\/stages .* at most 3 /,
  );
  const odd = refused({ type: 'penalty', stages: 2, split: [5, 7], levels: { count: 2, shares: null } });
  assert.match(odd[0]!, /^\/method\/split .* use multiples of 2, or 'auto'$/);
});

test('a job that cannot be trained over levels is refused with the field and a remedy', () => {
  const levels = { count: 2, shares: null };
  const one = (method: Method, changes: SpecChanges = {}) => {
    const found = refused(method, changes);
    assert.equal(found.length, 1, found.join('\n'));
    return found[0]!;
  };
  const count = /^\/method\/levels\/count .*use /;
  assert.match(one({ type: 'backprop', levels }, { model: { depth: 20 } }), count);
  assert.match(one({ type: 'backprop', levels: { count: 4, shares: null } }), /use at most 3, or 50 or 98/);
  assert.match(one({ type: 'backprop', levels }, { model: { family: 'ode-resnet', depth: 24 } }), count);
  for (const type of ['frozen', 'stored'] as const)
    assert.match(
      one({ type, stages: 2, levels }),
      new RegExp(`of ${type} .* use 1, or method.type backprop`),
    );
  const sparsity = { keep: 0.5, until_round: null, regrow: null };
  assert.match(one({ type: 'penalty', stages: 2, sparsity, levels }), count);
  const outer = { rate: 0.7, momentum: null };
  assert.match(one({ type: 'pipeline', stages: 2, outer, levels }), count);
  const start = { checkpoint: 'job_1-final', head: 'keep' } as const;
  assert.match(one({ type: 'backprop', levels }, { init_from: start }), count);
  assert.match(
    one({ type: 'backprop', levels }, { optimizer: { rates: { decay_per_block: 0.9, head: 1 } } }),
    count,
  );
  const shares = /^\/method\/levels\/shares .*(use|give) /;
  assert.match(one({ type: 'backprop', levels: { count: 1, shares: [0.5] } }), shares);
  assert.match(one({ type: 'backprop', levels: { count: 3, shares: [0.5] } }), shares);
  assert.match(one({ type: 'backprop', levels: { count: 3, shares: [0.5, 0.5] } }), shares);
  assert.match(one({ type: 'backprop', levels }, { epochs: 1, max_train_samples: 128 }), count);
});

test('the best round and an early end are those of the last level', () => {
  const spec = specOf(
    { type: 'backprop', round_steps: 5, levels: { count: 2, shares: null } },
    { evaluate_every: 1, validation_share: 0.1, selection: { keep: 'best' } },
  );
  const rounds = roundsOf(spec, MNIST);
  assert.deepEqual(rounds.levelSteps, [15]);
  assert.deepEqual(
    candidatesOf(spec, rounds).map(({ round }) => round),
    [3, 4, 5],
  );
});

test('plans count the time of each level, and the memory of the last one', () => {
  const machine = { devices: 2, memoryBytes: null, bytesPerSecond: 1e9, roundTripSeconds: 0 };
  const plan = (count: number) =>
    makePlan(
      specOf({
        type: 'augmented-lagrangian',
        stages: 2,
        split: [4, 8],
        end_to_end_share: 0,
        levels: { count, shares: null },
      }),
      MNIST,
      { ...machine, profile: null, measured: null },
    );
  const [deep, grown] = [plan(1), plan(3)];
  assert.deepEqual(grown.stages, deep.stages);
  const of = ({ layouts }: typeof deep) =>
    layouts.find(({ stages, replicas }) => stages === 2 && replicas === 1)!;
  assert.equal(of(grown).memory_bytes, of(deep).memory_bytes);
  const spec = specOf({ type: 'augmented-lagrangian', stages: 2, levels: { count: 3, shares: null } });
  const works = partsOfRun(spec, MNIST).map(({ run }) => work(wholeNetwork(run.network)));
  const share =
    works.slice(0, 3).reduce((sum, own) => sum + own, 0) /
    3 /
    work(wholeNetwork(describeRun(spec, MNIST).network));
  const ratio = of(grown).epoch_seconds / of(deep).epoch_seconds;
  // Stages have an AuxNet and a coupling of the same size at each level, beside their layers.
  assert.ok(ratio > share && ratio < 1, `${ratio}, with ${share} of the work`);
});
