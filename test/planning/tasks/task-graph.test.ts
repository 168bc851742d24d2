import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import {
  endToEndRange,
  parallelRange,
  replicaRange,
  roundsOf,
  type StepRange,
  stageRange,
  stageReplicasIn,
} from '../../../src/method/rounds.js';
import { countTasks, needsOf, type PlannedTask, planTasks } from '../../../src/planning/tasks/task-graph.js';
import { MNIST, resolved } from '../../jobs/support/specs.js';

const specs: fc.Arbitrary<ResolvedSpec> = fc
  .record({
    type: fc.constantFrom('backprop', 'penalty', 'augmented-lagrangian', 'local-heads', 'frozen'),
    stages: fc.integer({ min: 1, max: 9 }),
    share: fc.constantFrom(0, 0.2, 0.5, 1),
    replicas: fc.integer({ min: 1, max: 4 }),
    stageReplicas: fc.integer({ min: 1, max: 3 }),
    rounds: fc.integer({ min: 1, max: 12 }),
    evaluateEvery: fc.option(fc.integer({ min: 1, max: 5 })),
    warmStart: fc.integer({ min: 0, max: 1 }),
  })
  .map(({ type, stages, share, replicas, stageReplicas, rounds, evaluateEvery, warmStart }) =>
    resolved({
      max_train_samples: 128 * rounds,
      epochs: 3,
      evaluate_every: evaluateEvery,
      method: {
        type,
        stages: type === 'backprop' ? 1 : stages,
        end_to_end_share: share,
        replicas: stages === 1 || type === 'backprop' || type === 'frozen' ? 1 : stageReplicas,
        end_to_end_replicas: share === 0 ? null : replicas,
        // The rules require stages to hand over to, and steps for them.
        warm_start_epochs: type === 'backprop' || stages === 1 || share > 0.2 ? 0 : warmStart,
        round_steps: 3,
      },
    }),
  );

const plan = (spec: ResolvedSpec): PlannedTask[] => planTasks(spec, MNIST);
const byKey = (tasks: readonly PlannedTask[]) => new Map(tasks.map((task) => [task.key, task]));
const stageTasks = (tasks: readonly PlannedTask[]) => tasks.filter((task) => task.kind === 'stage');

/** Tasks on the longest chain, counting those that `counts` accepts. */
function criticalPath(tasks: readonly PlannedTask[], counts: (task: PlannedTask) => boolean): number {
  const lengths = new Map<string, number>();
  for (const task of tasks) {
    const before = Math.max(0, ...needsOf(task).map((key) => lengths.get(key) ?? 0));
    lengths.set(task.key, before + (counts(task) ? 1 : 0));
  }
  return Math.max(...lengths.values());
}

test('keys are unique, and every task is listed after all it waits for (so the graph has no cycle)', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const seen = new Set<string>();
      for (const task of plan(spec)) {
        assert.ok(!seen.has(task.key));
        for (const key of needsOf(task)) assert.ok(seen.has(key), `${task.key} before ${key}`);
        seen.add(task.key);
      }
    }),
  );
});

test('counting the tasks agrees with making them', () => {
  fc.assert(fc.property(specs, (spec) => assert.equal(countTasks(spec, MNIST), plan(spec).length)));
});

test('every input names an output that its task produces', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const tasks = plan(spec);
      const keyed = byKey(tasks);
      for (const task of tasks) {
        for (const { task: source, output } of Object.values(task.inputs)) {
          assert.ok(keyed.get(source)?.outputs.includes(output), `${task.key}: ${source}.${output}`);
        }
      }
    }),
  );
});

test('finalize depends on every task, and spooled messages are read exactly once', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const tasks = plan(spec);
      const needed = new Set(tasks.flatMap(needsOf));
      assert.deepEqual(
        tasks.filter((task) => !needed.has(task.key)).map((task) => task.key),
        ['finalize'],
      );
      for (const task of stageTasks(tasks)) {
        for (const spooled of ['corrections', 'features']) {
          const readers = tasks.filter((reader) =>
            Object.values(reader.inputs).some((input) => input.task === task.key && input.output === spooled),
          );
          assert.equal(readers.length, task.outputs.includes(spooled) ? 1 : 0, task.key);
        }
      }
    }),
  );
});

/** Stages that have tasks of their own. */
const trainedStages = ({ method: { type, stages } }: ResolvedSpec): number =>
  type === 'frozen' ? 1 : stages;

test('stage tasks and end-to-end tasks number R x K and E, and the plan is the same each time', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const rounds = roundsOf(spec, MNIST);
      const { warmStartRounds, parallelRounds, endToEndRounds } = rounds;
      const tasks = plan(spec);
      const shares = Array.from({ length: parallelRounds }, (_, round) => stageReplicasIn(rounds, round));
      const all = shares.reduce((sum, count) => sum + count, 0);
      assert.equal(stageTasks(tasks).length, all * trainedStages(spec));
      const joined = tasks.filter((task) => task.kind === 'end_to_end');
      const roundsSeen = new Set(joined.map(({ round }) => round));
      assert.equal(roundsSeen.size, warmStartRounds + endToEndRounds);
      assert.deepEqual(plan(spec), tasks);
    }),
  );
});

test('the critical path of a wavefront is R + K - 1 stage tasks, and R where nothing travels within a round', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const { parallelRounds } = roundsOf(spec, MNIST);
      if (parallelRounds === 0) return;
      const isWavefront = ['augmented-lagrangian', 'local-heads'].includes(spec.method.type);
      const lag = isWavefront ? spec.method.stages - 1 : 0;
      assert.equal(
        criticalPath(plan(spec), (task) => task.kind === 'stage'),
        parallelRounds + lag,
      );
    }),
  );
});

test('weights are positive, and the trained stages of all rounds weigh their share of the steps', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const tasks = plan(spec);
      for (const task of tasks) assert.ok(task.weight > 0, task.key);
      const weight = stageTasks(tasks).reduce((sum, task) => sum + task.weight, 0);
      // Rounding of at most 1e-9 from adding up thirds and the like.
      const share = trainedStages(spec) / spec.method.stages;
      assert.ok(Math.abs(weight - share * roundsOf(spec, MNIST).parallelSteps) < 1e-9);
    }),
  );
});

test('augmented Lagrangian: stage k of a round waits for stage k+1 of the same round', () => {
  const tasks = byKey(plan(resolved({ method: { stages: 3 } })));
  assert.deepEqual(tasks.get('stage-1-2')?.inputs, {
    dataset: { task: 'prepare', output: 'dataset' },
    state: { task: 'stage-1-1', output: 'state' },
    auxiliary: { task: 'stage-2-2', output: 'auxiliary' },
    corrections: { task: 'stage-2-2', output: 'corrections' },
  });
  assert.deepEqual(tasks.get('stage-2-0')?.inputs, { dataset: { task: 'prepare', output: 'dataset' } });
  assert.deepEqual(tasks.get('stage-0-0')?.outputs, ['state']);
  assert.deepEqual(tasks.get('stage-1-2')?.outputs, ['state', 'auxiliary', 'corrections']);
});

test('penalty: stage k waits only for the AuxNet of the round before', () => {
  const tasks = byKey(plan(resolved({ method: { type: 'penalty', stages: 2 } })));
  assert.deepEqual(needsOf(tasks.get('stage-0-0')!), ['prepare']);
  assert.deepEqual(tasks.get('stage-0-3')?.inputs, {
    dataset: { task: 'prepare', output: 'dataset' },
    state: { task: 'stage-0-2', output: 'state' },
    auxiliary: { task: 'stage-1-2', output: 'auxiliary' },
  });
  assert.deepEqual(tasks.get('stage-1-0')?.outputs, ['state', 'auxiliary']);
});

test('local heads: stage k of a round waits for stage k-1 of the same round', () => {
  const tasks = byKey(plan(resolved({ method: { type: 'local-heads', stages: 3 } })));
  assert.deepEqual(tasks.get('stage-1-2')?.inputs, {
    dataset: { task: 'prepare', output: 'dataset' },
    state: { task: 'stage-1-1', output: 'state' },
    features: { task: 'stage-0-2', output: 'features' },
  });
  assert.deepEqual(needsOf(tasks.get('stage-0-0')!), ['prepare']);
  assert.deepEqual(tasks.get('stage-0-0')?.outputs, ['state', 'features']);
  assert.deepEqual(tasks.get('stage-2-2')?.outputs, ['state']);
  assert.deepEqual(Object.keys(tasks.get('finalize')!.inputs), [
    'dataset',
    'replica-0',
    'replica-1',
    'replica-2',
  ]);
});

test('frozen: only the last stage has tasks, which wait only for one another', () => {
  const tasks = byKey(plan(resolved({ method: { type: 'frozen', stages: 3 } })));
  assert.deepEqual(tasks.get('stage-2-1')?.inputs, {
    dataset: { task: 'prepare', output: 'dataset' },
    state: { task: 'stage-2-0', output: 'state' },
  });
  assert.deepEqual(tasks.get('stage-2-1')?.outputs, ['state', 'auxiliary']);
  assert.equal(tasks.has('stage-1-0') || tasks.has('stage-0-0'), false);
  const { parallelRounds } = roundsOf(resolved(), MNIST);
  assert.deepEqual(Object.keys(tasks.get('end_to_end-0-0')!.inputs), ['dataset', 'state-2']);
  assert.deepEqual(Object.keys(tasks.get(`evaluate-${parallelRounds - 1}`)!.inputs), [
    'dataset',
    'state-2',
    'auxiliary-2',
  ]);
});

test('stored features of frozen blocks: made by prepare, read by the first stage and by the joined network', () => {
  const spec = resolved({
    freeze: { blocks: 1, norm: 'frozen' },
    init_from: { weights: 'weights_1', head: 'new' },
    augmentation: { crop_padding: 0, horizontal_flip: false },
    max_train_samples: 1000,
    method: { type: 'augmented-lagrangian', stages: 2 },
  });
  const tasks = plan(spec);
  const feature = { task: 'prepare', output: 'frozen_features' };
  assert.deepEqual(tasks[0]?.outputs, ['dataset', 'frozen_features']);
  assert.ok(tasks[0].weight > 1);
  for (const { key, kind, stage, inputs } of tasks) {
    const reads = kind === 'end_to_end' || (kind === 'stage' && stage === 0);
    assert.deepEqual(inputs.frozen_features, reads ? feature : undefined, key);
  }
  const until = resolved({ ...spec, epochs: 4, freeze: { blocks: 1, norm: 'frozen', until_epoch: 2 } });
  const rounds = roundsOf(until, MNIST);
  const starts = plan(until).flatMap(({ kind, stage, round, inputs }) => {
    if (kind !== 'end_to_end' && !(kind === 'stage' && stage === 0)) return [];
    const { start } = (kind === 'stage' ? parallelRange : endToEndRange)(rounds, round!);
    assert.equal(Boolean(inputs.frozen_features), start < 2 * rounds.stepsPerEpoch, `step ${start}`);
    return [start];
  });
  assert.ok(starts.includes(2 * rounds.stepsPerEpoch), 'a round starts when the blocks begin to train');
  assert.equal(countTasks(until, MNIST), plan(until).length);
  const augmented = plan({ ...spec, augmentation: { ...spec.augmentation, mixup: 0.2 } });
  assert.ok(augmented.every(({ inputs }) => !inputs.frozen_features));
  assert.deepEqual(augmented[0]?.outputs, ['dataset']);
});

test('a job that starts from given weights first fits its AuxNets, in a warm start without steps', () => {
  const init_from = { checkpoint: 'job_1-final', head: 'keep' } as const;
  const spec = resolved({ init_from, method: { type: 'augmented-lagrangian', stages: 2 } });
  const tasks = byKey(plan(spec));
  const rounds = roundsOf(spec, MNIST);
  assert.deepEqual([rounds.warmStartRounds, rounds.warmStartSteps], [1, 0]);
  assert.equal(countTasks(spec, MNIST), tasks.size);
  const fit = tasks.get('end_to_end-0');
  assert.deepEqual(fit?.outputs, ['state-0', 'state-1', 'auxiliary-1']);
  assert.ok(fit.weight > 0);
  assert.deepEqual(tasks.get('stage-1-0')?.inputs.state, { task: 'end_to_end-0', output: 'state-1' });
  assert.deepEqual(tasks.get('stage-0-0')?.inputs.state, { task: 'end_to_end-0', output: 'state-0' });
  // A warm start that was asked for fits them at its end; without AuxNets there is nothing to fit.
  const warm = resolved({
    init_from,
    epochs: 3,
    method: { type: 'penalty', stages: 2, warm_start_epochs: 1, round_steps: 468 },
  });
  assert.equal(roundsOf(warm, MNIST).warmStartRounds, 1);
  for (const type of ['backprop', 'local-heads'] as const)
    assert.equal(
      roundsOf(resolved({ init_from, method: { type, stages: type === 'backprop' ? 1 : 2 } }), MNIST)
        .warmStartRounds,
      0,
    );
});

test('a warm start comes first and hands every stage its state, and the AuxNet to the stage that reads it', () => {
  const warm = (type: 'penalty' | 'augmented-lagrangian') => {
    const spec = resolved({
      epochs: 4,
      method: { type, stages: 3, warm_start_epochs: 1, round_steps: 300, end_to_end_replicas: 1 },
    });
    return byKey(plan(spec));
  };
  const tasks = warm('penalty');
  const dataset = { task: 'prepare', output: 'dataset' };
  // 468 steps an epoch: two rounds of warm start, one of 374 / 300 end to end.
  assert.deepEqual(tasks.get('end_to_end-0')?.outputs, ['state']);
  assert.deepEqual(tasks.get('end_to_end-1')?.inputs, {
    dataset,
    state: { task: 'end_to_end-0', output: 'state' },
  });
  assert.deepEqual(tasks.get('end_to_end-1')?.outputs, [
    'state-0',
    'state-1',
    'auxiliary-1',
    'state-2',
    'auxiliary-2',
  ]);
  assert.deepEqual(tasks.get('stage-1-0')?.inputs, {
    dataset,
    state: { task: 'end_to_end-1', output: 'state-1' },
    auxiliary: { task: 'end_to_end-1', output: 'auxiliary-2' },
  });
  assert.deepEqual(warm('augmented-lagrangian').get('stage-1-0')?.inputs.auxiliary, {
    task: 'stage-2-0',
    output: 'auxiliary',
  });
  const frozen = byKey(plan(resolved({ method: { type: 'frozen', stages: 2, warm_start_epochs: 1 } })));
  const [untrained] = [...frozen.values()]
    .filter(({ kind }) => kind === 'evaluate')
    .map(({ inputs }) => inputs);
  assert.match(
    untrained!['state-0']!.task,
    /^end_to_end-/,
    'an untrained stage stays as the warm start left it',
  );
  const joined = tasks.get('end_to_end-2');
  assert.deepEqual(Object.keys(joined?.inputs ?? {}), ['dataset', 'state-0', 'state-1', 'state-2']);
  assert.deepEqual(tasks.get('finalize')?.inputs.state, { task: 'end_to_end-3', output: 'state' });
});

test('replicas take each step of an end-to-end round once, and continue from the states of all of them', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const rounds = roundsOf(spec, MNIST);
      const joined = plan(spec).filter(({ kind }) => kind === 'end_to_end');
      for (const round of new Set(joined.map((task) => task.round!))) {
        const own = joined.filter((task) => task.round === round);
        const { start, end } = endToEndRange(rounds, round);
        const steps = own.flatMap(({ replica }) => stepsIn(replicaRange(rounds, round, replica ?? 0)));
        assert.deepEqual(
          steps.toSorted((a, b) => a - b),
          stepsIn({ start, end }),
        );
        assert.equal(
          own.reduce((sum, { weight }) => sum + weight, 0),
          end - start,
        );
        const before = joined.filter((task) => task.round === round - 1).map(({ key }) => key);
        if (round <= rounds.warmStartRounds) continue;
        for (const { inputs } of own) {
          const { dataset: _, ...states } = inputs;
          assert.deepEqual(
            Object.values(states).map(({ task }) => task),
            before,
          );
        }
      }
    }),
  );
});

test('replicas of a stage take each step of a round once, and continue from the states of all of them', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const rounds = roundsOf(spec, MNIST);
      const tasks = stageTasks(plan(spec));
      for (const task of tasks) {
        const { stage, round, replica, inputs } = task;
        const beside = tasks.filter((other) => other.stage === stage && other.round === round);
        const steps = beside.flatMap((other) => stepsIn(stageRange(rounds, round!, other.replica)));
        const all = stepsIn(parallelRange(rounds, round!));
        assert.deepEqual(
          steps.toSorted((a, b) => a - b),
          all,
        );
        assert.equal(replica === null, beside.length === 1);
        if (round === 0) continue;
        const before = tasks.filter((other) => other.stage === stage && other.round === round! - 1);
        const states = Object.entries(inputs).filter(([, { output }]) => output === 'state');
        assert.deepEqual(
          states.map(([, source]) => source.task),
          before.map(({ key }) => key),
        );
        assert.equal(states[0]![0], before.length === 1 ? 'state' : 'replica-0');
      }
    }),
  );
});

test('two replicas of two stages: each reads the corrections of its own batches, and all AuxNets and states', () => {
  const method = { stages: 2, replicas: 2, round_steps: 4, end_to_end_share: 0 };
  const tasks = byKey(plan(resolved({ method })));
  const from = (task: string, output: string) => ({ task, output });
  assert.deepEqual(tasks.get('stage-0-1-1')?.inputs, {
    dataset: from('prepare', 'dataset'),
    'replica-0': from('stage-0-0-0', 'state'),
    'replica-1': from('stage-0-0-1', 'state'),
    'auxiliary/replica-0': from('stage-1-1-0', 'auxiliary'),
    'auxiliary/replica-1': from('stage-1-1-1', 'auxiliary'),
    corrections: from('stage-1-1-1', 'corrections'),
  });
  const last = [...tasks.keys()]
    .filter((key) => key.startsWith('stage-0'))
    .at(-1)!
    .split('-')[2];
  assert.deepEqual(tasks.get('finalize')?.inputs, {
    dataset: from('prepare', 'dataset'),
    'state-0/replica-0': from(`stage-0-${last}-0`, 'state'),
    'state-0/replica-1': from(`stage-0-${last}-1`, 'state'),
    'state-1/replica-0': from(`stage-1-${last}-0`, 'state'),
    'state-1/replica-1': from(`stage-1-${last}-1`, 'state'),
    'auxiliary-1/replica-0': from(`stage-1-${last}-0`, 'auxiliary'),
    'auxiliary-1/replica-1': from(`stage-1-${last}-1`, 'auxiliary'),
  });
});

const stepsIn = ({ start, end, stride = 1 }: StepRange): number[] =>
  Array.from({ length: end }, (_, step) => step).filter(
    (step) => step >= start && (step - start) % stride === 0,
  );

test('the end-to-end phase of K stages is shared by K replicas, whose mean is what ends', () => {
  const tasks = byKey(plan(resolved({ epochs: 4, method: { stages: 3, round_steps: 300 } })));
  const dataset = { task: 'prepare', output: 'dataset' };
  const states = (round: number) =>
    Object.fromEntries(
      [0, 1, 2].map((replica) => [
        `replica-${replica}`,
        { task: `end_to_end-${round}-${replica}`, output: 'state' },
      ]),
    );
  const { replica, weight, inputs } = tasks.get('end_to_end-1-2')!;
  // 374 steps: 300, then 74 of which the third replica has 24.
  assert.deepEqual(
    { replica, weight, inputs },
    { replica: 2, weight: 24, inputs: { dataset, ...states(0) } },
  );
  assert.deepEqual(Object.keys(tasks.get('end_to_end-0-2')!.inputs), [
    'dataset',
    'state-0',
    'state-1',
    'state-2',
  ]);
  const { dataset: _, 'auxiliary-1': __, 'auxiliary-2': ___, ...finals } = tasks.get('finalize')!.inputs;
  assert.deepEqual(finals, states(1));
});

test('the phases of a run share its steps without a gap', () => {
  fc.assert(
    fc.property(specs, (spec) => {
      const rounds = roundsOf(spec, MNIST);
      const each = (count: number, range: (round: number) => StepRange) =>
        Array.from({ length: count }, (_, round) => range(round));
      const joined = each(rounds.warmStartRounds + rounds.endToEndRounds, (r) => endToEndRange(rounds, r));
      const ranges = [
        ...joined.slice(0, rounds.warmStartRounds),
        ...each(rounds.parallelRounds, (round) => parallelRange(rounds, round)),
        ...joined.slice(rounds.warmStartRounds),
      ];
      let step = 0;
      for (const { start, end } of ranges) {
        assert.equal(start, step);
        assert.ok(end > start && end - start <= rounds.roundSteps);
        step = end;
      }
      assert.equal(step, rounds.totalSteps);
    }),
  );
});

test('rounds: one task a round trains all stages, and hands each its state', () => {
  const spec = resolved({ epochs: 4, method: { type: 'rounds', stages: 2, warm_start_epochs: 1 } });
  const tasks = byKey(plan(spec));
  const { parallelRounds, warmStartRounds, roundSteps } = roundsOf(spec, MNIST);
  const states = (task: string) => ({
    'state-0': { task, output: 'state-0' },
    'state-1': { task, output: 'state-1' },
  });
  const dataset = { task: 'prepare', output: 'dataset' };
  assert.equal(stageTasks([...tasks.values()]).length, parallelRounds);
  const first = tasks.get('stage-0');
  assert.deepEqual(first?.inputs, { dataset, ...states(`end_to_end-${warmStartRounds - 1}`) });
  assert.deepEqual([first?.kind, first?.stage, first?.round], ['stage', null, 0]);
  assert.deepEqual(first?.outputs, ['state-0', 'state-1', 'auxiliary-1']);
  assert.equal(first?.weight, 3 * roundSteps, 'three passes a step');
  assert.deepEqual(tasks.get('stage-1')?.inputs, { dataset, ...states('stage-0') });
  const last = `stage-${parallelRounds - 1}`;
  assert.deepEqual(tasks.get(`end_to_end-${warmStartRounds}`)?.inputs, { dataset, ...states(last) });
  assert.deepEqual(tasks.get('finalize')?.inputs['auxiliary-1'], { task: last, output: 'auxiliary-1' });
});

test('pipeline: one task a round trains all stages, without AuxNets or an end-to-end phase', () => {
  const spec = resolved({ epochs: 1, method: { type: 'pipeline', stages: 3 } });
  assert.deepEqual([spec.method.end_to_end_share, spec.method.end_to_end_replicas], [0, 1]);
  const tasks = byKey(plan(spec));
  const { roundSteps } = roundsOf(spec, MNIST);
  const states = (task: string) =>
    Object.fromEntries([0, 1, 2].map((k) => [`state-${k}`, { task, output: `state-${k}` }]));
  const dataset = { task: 'prepare', output: 'dataset' };
  assert.deepEqual(tasks.get('stage-0')?.inputs, { dataset });
  assert.deepEqual(tasks.get('stage-0')?.outputs, ['state-0', 'state-1', 'state-2']);
  assert.equal(tasks.get('stage-0')?.weight, roundSteps);
  assert.deepEqual(tasks.get('stage-1')?.inputs, { dataset, ...states('stage-0') });
  const shared = resolved({ method: { type: 'pipeline', stages: 3, end_to_end_share: 0.5 } });
  assert.equal(shared.method.end_to_end_replicas, 3, 'its stages have devices of their own');
});

test('stored: all stages of a round at once, from what their neighbours left a round before', () => {
  const tasks = byKey(plan(resolved({ max_train_samples: 1280, method: { type: 'stored', stages: 3 } })));
  const dataset = { task: 'prepare', output: 'dataset' };
  assert.deepEqual(tasks.get('stage-1-0')?.inputs, { dataset });
  assert.deepEqual(tasks.get('stage-1-2')?.inputs, {
    dataset,
    state: { task: 'stage-1-1', output: 'state' },
    features: { task: 'stage-0-1', output: 'features' },
    variables: { task: 'stage-1-1', output: 'variables' },
    downstream_variables: { task: 'stage-2-1', output: 'variables' },
  });
  assert.deepEqual(tasks.get('stage-0-1')?.outputs, ['state', 'features']);
  assert.deepEqual(tasks.get('stage-1-1')?.outputs.toSorted(), ['features', 'state', 'variables']);
  assert.deepEqual(tasks.get('stage-2-1')?.outputs, ['state', 'variables']);
});

test('evaluations run before the stages are joined and every evaluate_every rounds, and finalize waits for them', () => {
  const joined = plan(resolved());
  const { parallelRounds } = roundsOf(resolved(), MNIST);
  const evaluations = joined.filter((task) => task.kind === 'evaluate');
  assert.deepEqual(
    evaluations.map((task) => task.round),
    [parallelRounds - 1],
  );
  assert.deepEqual(byKey(joined).get('finalize')?.after, [`evaluate-${parallelRounds - 1}`]);
  assert.deepEqual(Object.keys(evaluations[0]!.inputs).sort(), [
    'auxiliary-1',
    'dataset',
    'state-0',
    'state-1',
  ]);
  const every = plan(resolved({ evaluate_every: 5, method: { type: 'backprop' } }));
  const rounds = every.filter((task) => task.kind === 'evaluate').map((task) => task.round);
  assert.deepEqual(rounds.slice(0, 3), [4, 9, 14]);
});

test('one stage without an end-to-end phase: finalize reads the state of its last round', () => {
  const spec = resolved({ method: { type: 'backprop' } });
  const last = roundsOf(spec, MNIST).parallelRounds - 1;
  assert.deepEqual(byKey(plan(spec)).get('finalize')?.inputs, {
    dataset: { task: 'prepare', output: 'dataset' },
    'state-0': { task: `stage-0-${last}`, output: 'state' },
  });
});
