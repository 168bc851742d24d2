import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRun } from '../../../src/method/index.js';
import { channelCounts, multiplyAdds } from '../../../src/network/index.js';
import { planTasks } from '../../../src/planning/tasks/task-graph.js';
import { decodeState, decodeWeights } from '../../../src/trainer/checkpoint/index.js';
import { runOfState } from '../../../src/trainer/tasks/inputs/stored-run.js';
import { runPlan, withBlobs } from '../support/run-plan.js';
import { MNIST } from '../support/small-mnist.js';
import { mnistSpec } from '../support/specs.js';
import { contentsOf, contextOf, runTraining, TINY, tinySpec } from '../support/training-tasks.js';

/** Hidden channels of an AuxNet by round: 8, then 2 + 6 (1 - r/2)^3 for r = 1 and 2, rounded. */
const CHANNELS = [8, 3, 2, 2];
/** The same of a head, which begins with as many as the features that it reads, 2 and then 4. */
const OF_HEADS = [
  [2, 1, 1, 1],
  [4, 1, 1, 1],
];
const SPARSITY = { keep: 0.25, until_round: 2 };

const gammaOf = (stage: number, type: string) =>
  type === 'local-heads' ? `head${stage}/norm/gamma` : `aux${stage}/norm0/gamma`;

for (const type of ['penalty', 'augmented-lagrangian', 'frozen', 'rounds', 'local-heads'] as const) {
  test(`${type}: states and AuxNets have the channels of their rounds`, async () => {
    await withBlobs(async (blobs) => {
      const hasHeads = type === 'local-heads';
      const size = hasHeads ? {} : { auxiliary: { width: 8 } };
      const spec = tinySpec({
        epochs: 4,
        method: { type, stages: 3, ...size, sparsity: { ...SPARSITY, regrow: 0.4 } },
      });
      const run = await runTraining(spec, blobs);
      const isJoint = type === 'rounds';
      const stages = type === 'frozen' ? [2] : hasHeads ? [0, 1] : [1, 2];
      for (const stage of stages) {
        const of = async (round: number, output: string) => {
          const { outputs } = run.get(isJoint ? `stage-${round}` : `stage-${stage}-${round}`)!;
          const { uri } = outputs[isJoint ? `${output}-${stage}` : output]!;
          return blobs.get(uri);
        };
        for (const [round, expected] of (hasHeads ? OF_HEADS[stage]! : CHANNELS).entries()) {
          const { weights, slots } = decodeState(await of(round, 'state'));
          const gamma = gammaOf(stage, type);
          assert.equal(weights.get(gamma)!.length, expected, `${gamma} in round ${round}`);
          assert.equal(slots.get('momentum')!.get(gamma)!.length, expected, `momentum in round ${round}`);
          if (hasHeads) continue;
          const sent = decodeWeights(await of(round, 'auxiliary'));
          assert.deepEqual(sent.get(gamma), weights.get(gamma));
        }
      }
    });
  });
}

test('replicas of a stage begin each round with the same channels, and are evaluated with them', async () => {
  await withBlobs(async (blobs) => {
    const spec = tinySpec({
      epochs: 3,
      method: { stages: 2, replicas: 2, auxiliary: { width: 8 }, sparsity: { ...SPARSITY, regrow: 0.4 } },
    });
    const run = await runTraining(spec, blobs);
    const ofStage = [...run].filter(([key]) => key.startsWith('stage-1-'));
    assert.equal(ofStage.length, 6);
    const channels = await Promise.all(
      ofStage.map(async ([, { outputs }]) => {
        const { weights } = decodeState(await blobs.get(outputs.state!.uri));
        return weights.get('aux1/norm0/gamma')!.length;
      }),
    );
    assert.deepEqual(
      channels.toSorted((a, b) => b - a),
      [8, 8, 3, 3, 2, 2],
    );
    const { inputs } = planTasks(spec, TINY).find(({ kind }) => kind === 'finalize')!;
    const uris = Object.entries(inputs).flatMap(([name, { task, output }]) =>
      task === 'prepare' ? [] : [[name, run.get(task)!.outputs[output]!.uri] as const],
    );
    const task = { key: 'finalize', kind: 'finalize', stage: null, round: null } as const;
    const { stages } = await runOfState(contextOf(task, { spec, blobs, inputs: Object.fromEntries(uris) }));
    assert.deepEqual([...channelCounts(stages[1]!.auxiliary!).values()], [2]);
  });
});

test('a job that keeps all channels and replaces none ends bitwise as one without the option', async () => {
  await withBlobs(async (blobs) => {
    const contents = async (sparsity: { keep: number | null }) => {
      const run = await runTraining(tinySpec({ epochs: 3, method: { stages: 2, sparsity } }), blobs);
      return contentsOf(run.get('stage-1-2')!, blobs);
    };
    const plain = await contents({ keep: null });
    assert.deepEqual(await contents({ keep: 1 }), plain);
    assert.notDeepEqual(await contents({ keep: 0.5 }), plain);
  });
});

test('a whole job: the compact network that is scored, exported and kept has the channels that are left', async () => {
  await withBlobs(async (blobs) => {
    const specOf = (sparsity: object) =>
      mnistSpec({
        ...{ max_train_samples: 256, exports: ['onnx'] },
        method: { stages: 2, round_steps: 2, auxiliary: { width: 8 }, end_to_end_replicas: 1, sparsity },
      });
    const { successes, samples } = await runPlan(specOf({ keep: 0.25, regrow: 0.2 }), blobs);
    const finalize = successes.get('finalize')!;
    const [full, compact] = finalize.networks!;
    const { stages } = describeRun(specOf({}), MNIST);
    const dense = [...stages[1]!.auxiliary!, ...stages[1]!.layers];
    assert.equal(full!.multiply_adds, multiplyAdds(stages.flatMap(({ layers }) => layers)));
    assert.ok(compact!.multiply_adds < multiplyAdds(dense), 'fewer channels');
    assert.ok(finalize.result.export_difference_compact_onnx! < 1e-3);
    const stored = finalize.artifacts.find(({ kind }) => kind === 'weights')!;
    const { weights } = decodeState(await blobs.get(stored.uri));
    assert.equal(weights.get('aux1/norm0/gamma')!.length, 2);
    assert.ok(samples.some(({ name, stage }) => name === 'fidelity' && stage === 0));
    assert.ok(samples.some(({ name }) => name === 'compact_accuracy'));
  });
});
