import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPipelined } from '../../../src/method/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { withBlobs } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import {
  METHODS,
  runTraining,
  runTrainingTask,
  TINY_STEPS_PER_EPOCH,
  tinySpec,
} from '../support/training-tasks.js';

/** 500 and what fills the last epoch. */
const STEPS = 504;
/** Variants of a method: a step that leaves a tensor shows at once. */
const FEW_STEPS = 40;

type Method = NonNullable<SpecChanges['method']>;
const CASES: readonly [name: string, steps: number, method: Method][] = [
  ...METHODS.map((type): [string, number, Method] => [
    type,
    STEPS,
    { type, stages: type === 'backprop' ? 1 : 2 },
  ]),
  [
    'adaptive penalty, float32 corrections',
    FEW_STEPS,
    { type: 'augmented-lagrangian', penalty: 'adaptive', corrections: { precision: 'float32' } },
  ],
  [
    'int8 corrections, filtered',
    FEW_STEPS,
    { type: 'augmented-lagrangian', corrections: { precision: 'int8', filter: 'average-2' } },
  ],
  ['warm start', FEW_STEPS, { type: 'penalty', warm_start_epochs: 2 }],
  ['local heads with decoders', FEW_STEPS, { type: 'local-heads', stages: 3, heads: { decoder: true } }],
  ['end to end', FEW_STEPS, { type: 'augmented-lagrangian', end_to_end_share: 0.5 }],
];

for (const [name, steps, method] of CASES) {
  test(`${name}: tensors do not grow over ${steps} steps, and all are freed at the end`, async (t) => {
    await withBlobs(async (blobs) => {
      const spec = tinySpec({
        epochs: steps / TINY_STEPS_PER_EPOCH,
        // Slow enough for a network of two channels to live through 500 steps on noise.
        optimizer: { learning_rate: 0.01 },
        method: { stages: 2, ...method, round_steps: steps },
      });
      const before = liveTensors();
      await runTraining(spec, blobs, async (task, options) => {
        // A hand-over follows the steps of a warm start, and fits one AuxNet here.
        const counts = { training: new Set<number>(), fit: new Set<number>() };
        let done = 0;
        // A pipeline fills in its first steps: later ones keep a batch more in each stage but the last.
        const filling = isPipelined(spec.method) ? spec.method.stages - 1 : 0;
        const own = task.kind === 'end_to_end' ? task.weight : Number.POSITIVE_INFINITY;
        const success = await runTrainingTask(task, {
          ...options,
          onStep: () => {
            done++;
            if (done > filling) counts[done <= own ? 'training' : 'fit'].add(liveTensors());
          },
        });
        const { training, fit } = counts;
        assert.equal(training.size, 1, `${task.key}: tensors after each step: ${[...training]}`);
        assert.ok(fit.size <= 1, `${task.key}: tensors after each step of the fit: ${[...fit]}`);
        assert.equal(liveTensors(), before);
        t.diagnostic(
          `tensor count, ${name}, ${task.key}: ${[...training][0]! - before} after each of ${done} steps`,
        );
        return success;
      });
    });
  });
}

test('a task that fails in the middle of a step frees what the step had made', async () => {
  await withBlobs(async (blobs) => {
    const spec = tinySpec({ epochs: 4, method: { type: 'augmented-lagrangian', stages: 2 } });
    const before = liveTensors();
    const failing = runTraining(spec, blobs, async (task, options) => {
      // Corrections of the round before this one: the coupling looks for a step they do not hold.
      const inputs =
        task.key === 'stage-0-1' ? { ...options.inputs, corrections: firstCorrections } : options.inputs;
      const success = await runTrainingTask(task, { ...options, inputs });
      if (task.key === 'stage-1-0') firstCorrections = success.outputs.corrections!.uri;
      return success;
    });
    let firstCorrections: `spool:${string}` | `sha256:${string}` = 'spool:none';
    await assert.rejects(failing, RangeError);
    assert.equal(liveTensors(), before);
  });
});

test('a loss that is not finite frees what the step had made', async () => {
  await withBlobs(async (blobs) => {
    const optimizer = { learning_rate: 10, weight_decay: 1 };
    const spec = tinySpec({
      epochs: 20,
      optimizer,
      method: { type: 'backprop', stages: 1, round_steps: 160 },
    });
    const before = liveTensors();
    await assert.rejects(runTraining(spec, blobs), (error) => error instanceof TrainerError);
    assert.equal(liveTensors(), before);
  });
});
