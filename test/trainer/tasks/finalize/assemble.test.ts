import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatasetFacts, ResolvedSpec } from '../../../../src/contract/spec.js';
import { type BlobUri, FINAL_WEIGHTS } from '../../../../src/contract/trainer-protocol.js';
import { assemblyInputs, hasCompact } from '../../../../src/planning/tasks/assembly.js';
import {
  type KeptTask,
  type KeptWeights,
  restartPoints,
} from '../../../../src/planning/tasks/restart-points.js';
import { planTasks } from '../../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../../src/storage/blob-store.js';
import { runTask } from '../../../../src/trainer/tasks/run-task.js';
import { type PlanRun, runPlan, withBlobs } from '../../support/run-plan.js';
import { storeMnist } from '../../support/small-mnist.js';
import { mnistSpec } from '../../support/specs.js';

const START = { max_train_samples: 128, batch_size: 16, seed: 3 };

/** The stored weights of a job whose tasks have run, as the store reads them. */
function keptOf(spec: ResolvedSpec, facts: DatasetFacts, run: PlanRun, ended: boolean): KeptWeights {
  const finishedAt = new Date(0);
  const tasks = planTasks(spec, facts).flatMap(({ key, kind, stage, round }): KeptTask[] =>
    kind === 'stage' || kind === 'end_to_end'
      ? [{ key, kind, stage, round, outputs: run.successes.get(key)!.outputs, finishedAt }]
      : [],
  );
  const weights = run.successes.get('finalize')!.artifacts.find(({ name }) => name === FINAL_WEIGHTS)!;
  const final = { uri: weights.uri, sizeBytes: weights.size_bytes, createdAt: finishedAt };
  return { spec, facts, ended, tasks, artifacts: new Set(), checkpoints: [], final };
}

async function assembled(
  { spec, facts }: KeptWeights,
  blobs: BlobStore,
  inputs: Readonly<Record<string, BlobUri>>,
): Promise<Record<string, BlobUri>> {
  const none = { stage: null, round: null, replica: null };
  const ids = { task_id: 'part', job_id: 'part', attempt: 1 };
  const { outputs } = await runTask({
    assignment: {
      ...{ ...ids, kind: 'assemble', ...none, spec, dataset: facts },
      inputs: { dataset: facts.manifest!, ...inputs },
    },
    blobs,
    now: () => 0,
    progress: () => {},
    metrics: () => {},
    betweenSteps: async () => {},
  });
  return Object.fromEntries(Object.entries(outputs).map(([name, { uri }]) => [name, uri]));
}

/** Runs a job, and assembles its last checkpoint of each kind. */
async function checkpointsOf(spec: ResolvedSpec, blobs: BlobStore) {
  const facts = await storeMnist(blobs);
  const run = await runPlan(spec, blobs, undefined, undefined, facts);
  const { outputs } = run.successes.get('finalize')!;
  const kept = keptOf(spec, facts, run, false);
  const points = restartPoints(kept);
  const last = points.filter(({ kind }) => kind === 'round').at(-1)!;
  const final = points.find(({ kind }) => kind === 'final')!;
  return {
    compact: hasCompact(kept),
    model: Object.fromEntries(Object.entries(outputs).map(([name, { uri }]) => [name, uri])),
    last: await assembled(kept, blobs, assemblyInputs(last, [])),
    final: await assembled(kept, blobs, assemblyInputs(final, [])),
    first: await assembled(kept, blobs, assemblyInputs(points[0]!, [])),
  };
}

test('the networks of the last checkpoint are bytewise those of the model, from replicas, too', async () => {
  await withBlobs(async (blobs) => {
    const method = { type: 'augmented-lagrangian', stages: 2, end_to_end_share: 0.5, end_to_end_replicas: 2 };
    const spec = mnistSpec({ ...START, method: { ...method, round_steps: 4 } as ResolvedSpec['method'] });
    const { model, last, final, first, compact } = await checkpointsOf(spec, blobs);
    assert.ok(compact);
    assert.deepEqual(Object.keys(model).sort(), ['serving_compact', 'serving_full']);
    assert.deepEqual(final, model);
    assert.deepEqual(last, { serving_full: model.serving_full }, 'its compact network is not fitted yet');
    assert.notEqual(first.serving_full, model.serving_full, 'an earlier checkpoint is another network');
  });
});

test('a job that ends with its stages has the same last network, and one of one stage has no compact one', async () => {
  await withBlobs(async (blobs) => {
    const penalty = { type: 'penalty', stages: 2, end_to_end_share: 0, round_steps: 4 };
    const staged = await checkpointsOf(
      mnistSpec({ ...START, method: penalty as ResolvedSpec['method'] }),
      blobs,
    );
    assert.deepEqual(staged.final, staged.model);
    assert.deepEqual(staged.last, { serving_full: staged.model.serving_full });
    const plain = mnistSpec({
      ...START,
      method: { type: 'backprop', stages: 1, round_steps: 4 } as ResolvedSpec['method'],
    });
    const { model, last, final, compact } = await checkpointsOf(plain, blobs);
    assert.equal(compact, false);
    assert.deepEqual([last, final], [model, model]);
  });
});
