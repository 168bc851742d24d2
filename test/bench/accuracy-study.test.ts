import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarize } from '../../bench/study/figures.js';
import { tableOf } from '../../bench/study/report.js';
import { bodyOf, CURVES, REFERENCE, ROWS, RUNS, timedBodyOf } from '../../bench/study/rows.js';
import { stageSeconds, type Timed, virtualEnds } from '../../bench/study/virtual-time.js';
import { resolveSpec } from '../../src/planning/spec/resolve.js';
import { jobSpec, MNIST } from '../jobs/support/specs.js';

test('the study asks for jobs that the service takes, each by a name of its own', () => {
  const names = RUNS.map(({ row, seed }) => bodyOf(row, seed));
  for (const body of names) resolveSpec(jobSpec(body as Parameters<typeof jobSpec>[0]), MNIST, 1);
  assert.equal(new Set(names.map(({ name }) => name)).size, names.length);
  assert.equal(
    RUNS.length,
    ROWS.reduce((count, { seeds }) => count + seeds.length, 0),
  );
  for (const row of ROWS) resolveSpec(jobSpec(timedBodyOf(row) as Parameters<typeof jobSpec>[0]), MNIST, 1);
  assert.ok(ROWS.includes(REFERENCE));
  assert.ok(CURVES.every((name) => ROWS.some((row) => row.name === name)));
});

/** Two stages, two rounds of ten steps, ten steps end to end; stage 1 runs ahead. */
const spec = resolveSpec(
  jobSpec({
    epochs: 3,
    batch_size: 10,
    max_train_samples: 100,
    model: { depth: 8 },
    method: { stages: 2, round_steps: 10, end_to_end_share: 1 / 3, end_to_end_replicas: 2 },
  }),
  MNIST,
  1,
);
const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const task = (
  key: string,
  stage: number | null,
  round: number | null,
  waits_for: string[],
  seconds: number,
  replica: number | null = null,
): Timed['tasks'][number] => ({
  key,
  kind: key.split('-')[0] as 'stage',
  stage,
  round,
  replica,
  waits_for,
  started_at: at(0),
  finished_at: at(seconds),
});
const job = {
  job: { spec: spec as unknown as Timed['job']['spec'] },
  tasks: [
    task('prepare', null, null, [], 1),
    task('stage-1-0', 1, 0, ['prepare'], 20),
    task('stage-0-0', 0, 0, ['prepare', 'stage-1-0'], 30),
    task('stage-1-1', 1, 1, ['stage-1-0'], 22),
    task('stage-0-1', 0, 1, ['stage-0-0', 'stage-1-1'], 30),
    task('evaluate-1', null, 1, ['stage-0-1', 'stage-1-1'], 99),
    task('end_to_end-0-0', null, 0, ['stage-0-1', 'stage-1-1'], 50, 0),
    task('end_to_end-0-1', null, 0, ['stage-0-1', 'stage-1-1'], 50, 1),
    task('finalize', null, null, ['end_to_end-0-0', 'end_to_end-0-1', 'evaluate-1'], 99),
  ],
};

test('a job’s time on K devices follows its graph with the median step of each stage', () => {
  const stages = stageSeconds(job, MNIST.train_count);
  assert.deepEqual(stages, [3, 2.1]);
  const steps = { joined: 5, stages };
  const ends = virtualEnds(job, MNIST.train_count, steps);
  assert.equal(ends.get('stage-1-1'), 42);
  // Stage 0 begins when stage 1 has its first round behind it.
  assert.equal(ends.get('stage-0-1'), 21 + 60);
  assert.equal(ends.get('evaluate-1'), 81);
  // Two replicas share ten steps of 5 s.
  assert.equal(ends.get('finalize'), 81 + 25);
});

test('a round of a pipeline takes turns as long as its slowest stage, and fills and drains', () => {
  const pipeline = resolveSpec(
    jobSpec({
      epochs: 2,
      batch_size: 10,
      max_train_samples: 100,
      model: { depth: 26 },
      method: { type: 'pipeline', stages: 4, round_steps: 10 },
    }),
    MNIST,
    1,
  );
  const rounds = {
    job: { spec: pipeline as unknown as Timed['job']['spec'] },
    tasks: [
      task('stage-0', null, 0, [], 1),
      task('stage-1', null, 1, ['stage-0'], 1),
      task('finalize', null, null, ['stage-1'], 1),
    ],
  };
  const ends = virtualEnds(rounds, MNIST.train_count, { joined: 5, stages: [1, 2, 3, 2] });
  assert.equal(ends.get('stage-0'), (10 + 3) * 3);
  assert.equal(ends.get('finalize'), 2 * (10 + 3) * 3);
});

test('rows are compared with the reference, and with back-propagation for the same number of epochs', () => {
  const [reference, other] = [REFERENCE, ROWS.find(({ method }) => method.type !== 'backprop')!];
  const serial = { ...REFERENCE, name: 'longer', epochs: other.epochs };
  const outcome = (row: string, seed: number, accuracy: number, seconds: number) => ({
    ...{
      row,
      seed,
      accuracy,
      seconds,
      validation: accuracy / 2,
      jobId: 'job_1',
      beforeJoining: null,
      compact: null,
      curve: [],
    },
  });
  const alone = [
    outcome(reference.name, 1, 0.5, 10),
    outcome(reference.name, 2, 0.25, 10),
    outcome(other.name, 1, 0.75, 9),
  ];
  const [first, second, third] = summarize(
    [reference, other, serial],
    [
      outcome(reference.name, 1, 0.5, 10),
      outcome(reference.name, 2, 0.25, 10),
      outcome(other.name, 1, 0.75, 9),
      outcome(other.name, 2, 0.25, 9),
      outcome('longer', 1, 0.875, 14),
    ],
  );
  assert.deepEqual(first?.accuracy, { mean: 0.375, spread: 0.125 });
  assert.deepEqual(second?.accuracy, { mean: 0.5, spread: 0.25 });
  assert.deepEqual([second?.timeShare, second?.overReference, second?.overSameEpochs], [0.9, 0.125, -0.125]);
  assert.deepEqual(third?.accuracy, { mean: 0.875, spread: null });
  // A row of one seed is compared with that seed's.
  assert.equal(summarize([reference, other], alone)[1]?.overReference, 0.25);
  assert.deepEqual([third?.overReference, third?.overSameEpochs], [null, null]);
  assert.deepEqual([second?.validation.mean, second?.seeds], [0.25, [1, 2]]);
  assert.match(
    tableOf([second!]),
    /\| 1, 2 \| 0\.90 \| 25\.0 ± 12\.5 \| 50\.0 ± 25\.0 \| \+12\.5 \| -12\.5 \| {2}\| {2}\|/,
  );
  // Rows that have not run are left out.
  assert.equal(summarize([reference, other], alone.slice(0, 2)).length, 1);
});
