import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assemblyInputs } from '../../../src/planning/tasks/assembly.js';
import {
  type KeptTask,
  type KeptWeights,
  restartPoints,
} from '../../../src/planning/tasks/restart-points.js';
import { MNIST, resolved } from '../../jobs/support/specs.js';

/** Eight steps an epoch: 13 in parallel in rounds of 4, and 3 end to end that two replicas share, more than the default. */
const SPEC = resolved({
  max_train_samples: 256,
  batch_size: 32,
  epochs: 2,
  method: { stages: 2, round_steps: 4, end_to_end_share: 0.2, end_to_end_replicas: 2 },
});

const NOBODY = { stage: null, round: null } as const;

function taskOf(key: string, at: Partial<KeptTask>, seconds = 0): KeptTask {
  const outputs = { state: { uri: `sha256:${key}`, size_bytes: 7 } } as const;
  return { key, kind: 'stage', ...NOBODY, outputs, finishedAt: new Date(1000 * seconds), ...at };
}

const keptOf = (tasks: readonly KeptTask[], changes: Partial<KeptWeights> = {}): KeptWeights => ({
  ...{ spec: SPEC, facts: MNIST, ended: false, tasks, artifacts: new Set(), checkpoints: [], final: null },
  ...changes,
});

test('rounds all of whose states are artifacts are left after the end of a job', () => {
  const stage = (index: number, round: number) => taskOf(`stage-${index}-${round}`, { stage: index, round });
  const tasks = [stage(0, 0), stage(1, 0), stage(0, 1), stage(1, 1)];
  const artifacts = new Set(['sha256:stage-0-0', 'sha256:stage-1-0', 'sha256:stage-1-1'] as const);
  const names = (changes: Partial<KeptWeights>) =>
    restartPoints(keptOf(tasks, changes)).map(({ name, startsJobs }) => [name, startsJobs]);
  assert.deepEqual(names({ ended: true, artifacts }), [['round-0', true]]);
  assert.deepEqual(names({ ended: true }), []);
});

test('a round is kept from its end on, complete once all of its stages or replicas are there', () => {
  const stage = (index: number, round: number) =>
    taskOf(`stage-${index}-${round}`, { stage: index, round }, 10 * round + index);
  const joined = taskOf('end_to_end-0-0', { kind: 'end_to_end', round: 0 }, 90);
  const points = restartPoints(keptOf([stage(0, 0), stage(1, 0), stage(1, 1), stage(1, 3), joined]));
  assert.deepEqual(
    points.map(({ name, step, startsJobs }) => [name, step, startsJobs]),
    [
      ['round-0', 4, true],
      ['round-1', 8, false],
      // The last round is shorter than the others.
      ['round-3', 13, false],
      ['end_to_end-0', 16, false],
    ],
  );
  assert.deepEqual(
    points[0]!.parts.map(({ stage: index, task }) => [index, task]),
    [
      [0, 'stage-0-0'],
      [1, 'stage-1-0'],
    ],
  );
  assert.equal(points[0]!.createdAt.getTime(), 1000, 'a round is as old as its last part');
  const both = restartPoints(keptOf([joined, taskOf('end_to_end-0-1', { kind: 'end_to_end', round: 0 })]));
  assert.equal(both[0]!.startsJobs, true);
});

test('a round of replicas is complete once all stages of all of them are there, in their order', () => {
  const spec = { ...SPEC, method: { ...SPEC.method, replicas: 2 } };
  const part = (stage: number, replica: number) => taskOf(`stage-${stage}-1-${replica}`, { stage, round: 1 });
  const tasks = [part(1, 1), part(1, 0), part(0, 1), part(0, 0)];
  const [whole] = restartPoints(keptOf(tasks, { spec }));
  assert.equal(whole?.startsJobs, true);
  const keys = ['stage-0-1-0', 'stage-0-1-1', 'stage-1-1-0', 'stage-1-1-1'];
  assert.deepEqual(
    whole.parts.map(({ task }) => task),
    keys,
  );
  const names = ['state-0/replica-0', 'state-0/replica-1', 'state-1/replica-0', 'state-1/replica-1'];
  assert.deepEqual(Object.keys(assemblyInputs(whole, [])), names);
  assert.equal(restartPoints(keptOf(tasks.slice(1), { spec }))[0]?.startsJobs, false);
});

test('an ended job has its finished network, and of unfinished tasks their checkpoints', () => {
  const at = { sizeBytes: 7, createdAt: new Date(5) } as const;
  const final = { uri: 'sha256:final', ...at } as const;
  const checkpoint = { task: 'end_to_end-0', stage: null, uri: 'sha256:step', step: 14, ...at } as const;
  const part = { ...checkpoint, task: 'stage-1-2', stage: 1, step: 9 } as const;
  const ended = restartPoints(keptOf([], { ended: true, checkpoints: [checkpoint, part], final }));
  assert.deepEqual(
    ended.map(({ name, kind, step, startsJobs }) => [name, kind, step, startsJobs]),
    [
      ['step-stage-1-2', 'step', 9, false],
      ['step-end_to_end-0', 'step', 14, true],
      ['final', 'final', 16, true],
    ],
  );
  const running = restartPoints(keptOf([], { checkpoints: [checkpoint] }));
  assert.equal(running[0]!.startsJobs, false, 'the next checkpoint takes its place at any moment');
});
