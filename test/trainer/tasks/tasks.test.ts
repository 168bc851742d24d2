import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArtifactOutput, type BlobUri, FINAL_WEIGHTS } from '../../../src/contract/trainer-protocol.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import type { OptimizerState } from '../../../src/trainer/optimizer/index.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { plainMean } from '../support/plain-mean.js';
import { type PlanRun, runPlan, withBlobs } from '../support/run-plan.js';
import { mnistSpec, type SpecChanges } from '../support/specs.js';

/** Three times what guessing gives among ten classes; these runs have some hundred steps. */
const LEARNT = 0.3;

const stateOf = async (run: PlanRun, key: string): Promise<OptimizerState> =>
  decodeState(await run.blobs.get(run.successes.get(key)!.outputs.state!.uri));

/** Weights at the end of a run, from the states of the last tasks before `finalize`. */
async function finalWeights(run: PlanRun, tasks: readonly string[]): Promise<Map<string, Float32Array>> {
  const states = await Promise.all(tasks.map((key) => stateOf(run, key)));
  return new Map(states.flatMap(({ weights }) => [...weights]));
}

/** Asserts that the weights for other jobs contain the exact mean of the last round's replicas, and an AuxNet. */
async function assertFinalWeights(
  run: PlanRun,
  artifacts: readonly ArtifactOutput[],
  replicas: number,
): Promise<void> {
  const { uri } = artifacts.find(({ name }) => name === FINAL_WEIGHTS)!;
  const { weights } = decodeState(await run.blobs.get(uri));
  const last = [...run.successes.keys()].filter((key) => key.startsWith('end_to_end')).slice(-replicas);
  const states = await Promise.all(last.map((key) => stateOf(run, key)));
  const network = plainMean(states.map(({ weights: of }) => of));
  for (const [name, values] of network) assert.deepEqual(weights.get(name), values, name);
  assert.ok(weights.size > network.size);
}

// docs/method.md, check 1: 50 optimiser steps.
test('one stage of any method ends in bitwise the weights of back-propagation', async () => {
  await withBlobs(async (blobs) => {
    const base = { max_train_samples: 32 * 50, batch_size: 32, seed: 9 } satisfies SpecChanges;
    const ending = async (method: NonNullable<SpecChanges['method']>) => {
      const run = await runPlan(mnistSpec({ ...base, method }), blobs);
      return await finalWeights(run, ['stage-0-3']);
    };
    const expected = await ending({ type: 'backprop' });
    assert.deepEqual(await ending({ type: 'augmented-lagrangian', stages: 1 }), expected);
    assert.deepEqual(await ending({ type: 'penalty', stages: 1 }), expected);
    const other = await runPlan(mnistSpec({ ...base, seed: 10, method: { type: 'backprop' } }), blobs);
    assert.notDeepEqual(await finalWeights(other, ['stage-0-3']), expected, 'another seed ends elsewhere');
  });
});

for (const type of ['penalty', 'augmented-lagrangian'] as const) {
  for (const stages of [2, 3]) {
    test(`${type}, K=${stages}: every stage learns, figures are whole, no tensor is left`, async () => {
      await withBlobs(async (blobs) => {
        const before = liveTensors();
        const spec = mnistSpec({ max_train_samples: 2048, epochs: 2, method: { type, stages } });
        const run = await runPlan(spec, blobs);
        assert.equal(liveTensors(), before);
        const { result, artifacts } = run.successes.get('finalize')!;
        await assertFinalWeights(run, artifacts, stages);
        assert.ok(result.test_accuracy! > LEARNT, `full network: ${result.test_accuracy}`);
        assert.ok(result.compact_accuracy! > LEARNT, `compact network: ${result.compact_accuracy}`);
        for (let stage = 0; stage < stages; stage++) {
          const losses = run.samples.filter((sample) => sample.name === 'loss' && sample.stage === stage);
          assert.ok(losses.at(-1)!.value < losses[0]!.value, `stage ${stage} went up`);
        }
        const evaluated = [...run.successes].find(([key]) => key.startsWith('evaluate'))![1];
        assert.deepEqual(
          evaluated.warnings?.map(({ stage }) => stage),
          run.samples
            .filter(({ name, value }) => name === 'fidelity' && value < 0.1)
            .map(({ stage }) => stage),
        );
        for (let stage = 1; stage < stages; stage++) {
          assert.ok(result[`auxiliary_error_${stage}`]! < result[`auxiliary_error_before_${stage}`]!);
        }
      });
    });
  }
}

test('a task is a pure function: run again, it makes the same blobs', async () => {
  await withBlobs(async (blobs) => {
    const spec = mnistSpec({ max_train_samples: 256, method: { stages: 2 } });
    const outputs = async () => {
      const run = await runPlan(spec, blobs);
      return [...run.successes].map(([key, { outputs: made }]) => [
        key,
        Object.values(made)
          .map(({ uri }) => uri)
          .filter((uri) => uri.startsWith('sha256:')),
      ]);
    };
    assert.deepEqual(await outputs(), await outputs());
  });
});

test('float32 corrections and an adaptive penalty train too', async () => {
  await withBlobs(async (blobs) => {
    const spec = mnistSpec({
      max_train_samples: 2048,
      epochs: 2,
      method: { stages: 2, penalty: 'adaptive', end_to_end_share: 0, corrections: { precision: 'float32' } },
    });
    const run = await runPlan(spec, blobs);
    const { result, outputs, artifacts } = run.successes.get('finalize')!;
    assert.ok(result.test_accuracy! > LEARNT);
    // Predictions need ONNX files, which the job does not list among its exports.
    assert.deepEqual(Object.keys(outputs), ['serving_full', 'serving_compact']);
    for (const { uri } of Object.values(outputs)) assert.ok(await blobs.exists(uri));
    assert.ok(artifacts.every(({ name }) => !name.endsWith('.onnx')));
  });
});

const CRAFT: Record<string, SpecChanges['optimizer']> = {
  sgd: { nesterov: true },
  adamw: { type: 'adamw', learning_rate: 0.01 },
};
for (const [name, optimizer] of Object.entries(CRAFT)) {
  test(`${name} with every other option switched on trains, measures, and leaves no tensor`, async () => {
    await withBlobs(async (blobs) => {
      const before = liveTensors();
      const spec = mnistSpec({
        max_train_samples: 1024,
        epochs: 2,
        label_smoothing: 0.1,
        augmentation: { cutout: 6 },
        method: {
          stages: 2,
          auxiliary: { learning_rate: 0.05, width: 6, depth: 4 },
          corrections: { precision: 'int8', filter: 'average-2' },
        },
        optimizer: {
          ...optimizer,
          clip_norm: 1,
          decay_norm_and_bias: false,
          schedule: { ...mnistSpec().optimizer.schedule, warmup_epochs: 0.25 },
        },
      });
      const run = await runPlan(spec, blobs);
      assert.equal(liveTensors(), before);
      assertMetrics(run);
    });
  });
}

function assertMetrics({ samples, successes }: PlanRun): void {
  const of = (name: string, stage: number | null) =>
    samples.filter((sample) => sample.name === name && sample.stage === stage).map(({ value }) => value);
  for (const stage of [0, 1, null]) {
    for (const name of ['loss', 'gradient_norm', 'weight_norm', 'images_per_second']) {
      assert.ok(of(name, stage).length > 0, `${name} of ${stage}`);
      assert.ok(of(name, stage).every((value) => value > 0));
    }
    const waited = of('data_wait_share', stage);
    assert.ok(waited.length > 0 && waited.every((share) => share > 0 && share < 1), `${waited}`);
  }
  for (const stage of [0, 1]) {
    const losses = of('loss', stage);
    assert.ok(losses.at(-1)! < losses[0]!, `loss of ${stage}: ${losses}`);
    const [fidelity] = of('fidelity', stage);
    // Before the hand-over the stages go downhill on the network's own loss.
    assert.ok(fidelity! > 0 && fidelity! <= 1, `fidelity of ${stage}: ${fidelity}`);
  }
  const [error] = of('auxiliary_error', 1);
  // An AuxNet that outputs only zeros has the error 1.
  assert.ok(error! > 0 && error! < 1, `${error}`);
  const [parts] = [...successes].filter(([key]) => key === 'stage-0-1').map(([, { seconds }]) => seconds);
  for (const part of [
    'start',
    'data',
    'forward',
    'coupling',
    'backward',
    'spool',
    'optimizer',
    'checkpoint',
  ]) {
    assert.ok(parts![part]! > 0, part);
  }
}

test('a loss that is not finite stops the task, names the place, and keeps the last good checkpoint', async () => {
  await withBlobs(async (blobs) => {
    const states: BlobUri[] = [];
    const spec = mnistSpec({
      max_train_samples: 1024,
      // Decay by ten times the weight: each step makes the weights nine times as large.
      optimizer: { learning_rate: 10, weight_decay: 1 },
      method: { stages: 2, penalty: 0.09 },
    });
    const running = runPlan(spec, blobs, (_, { outputs }) => outputs.state && states.push(outputs.state.uri));
    await assert.rejects(running, (error) => {
      assert.ok(error instanceof TrainerError);
      assert.equal(error.code, 'non_finite_loss');
      assert.equal(typeof error.at.stage, 'number');
      assert.ok(error.at.step! > 0);
      assert.match(error.at.tensor!, /^(loss|(gradient|weights) of \S+)$/);
      return true;
    });
    assert.ok(states.length > 0, 'the first round ended well');
    for (const uri of states) {
      const { weights, slots } = decodeState(await blobs.get(uri));
      for (const values of [weights, ...slots.values()].flatMap((map) => [...map.values()])) {
        assert.ok(values.every(Number.isFinite));
      }
    }
  });
});
