import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import { planTasks } from '../../../src/planning/tasks/task-graph.js';
import { batchHashes } from '../support/batch-hashes.js';
import { mixedSpec, storeMixed } from '../support/mixed-images.js';
import { withFolder } from '../support/run-plan.js';
import { storeTiny, type TaskRun, TINY, type TrainingTask, tinySpec } from '../support/training-tasks.js';

const PROCESS = fileURLToPath(new URL('../support/batch-hashes-process.ts', import.meta.url));
const taskOf = (stage: number, round: number): TrainingTask => ({
  key: `stage-${stage}-${round}`,
  kind: 'stage',
  stage,
  round,
});

/** Hashes of the batches of `steps`: of one stage here, and of another in a second process, a round later and backwards. */
async function hashesOfTwo(folder: string, run: TaskRun, steps: readonly number[]) {
  const here = await batchHashes(taskOf(0, 0), run, steps);
  const { spec, inputs, dataset } = run;
  const given = JSON.stringify({
    folder,
    task: taskOf(2, 1),
    spec,
    inputs,
    dataset,
    steps: steps.toReversed(),
  });
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', PROCESS, given]);
  return { here, there: (JSON.parse(stdout) as string[]).reverse() };
}

// docs/method.md, check 8; within one process and out of order it is in ../data.test.ts.
test('stages in two processes, a round apart, see the bitwise same augmented batches', async (t) => {
  await withFolder(async ({ folder, blobs }) => {
    const inputs = { dataset: (await storeTiny(blobs)).uri };
    const spec = tinySpec({ epochs: 3, method: { stages: 3 } });
    const steps = Array.from({ length: 24 }, (_, step) => step);
    const run = { spec, blobs, inputs, dataset: TINY };
    const { here, there } = await hashesOfTwo(folder, run, steps);
    assert.deepEqual(there, here);
    assert.equal(new Set(here).size, steps.length, 'every batch differs from every other');
    const changed: ResolvedSpec = {
      ...spec,
      sampling: 'balanced',
      augmentation: {
        ...spec.augmentation,
        ...{ mixup: 0.5, cutmix: 1, random_erasing: 0.5, flip: 'alternating' },
        policy: { type: 'trivial-augment', count: null, magnitude: null },
      },
    };
    const other = await hashesOfTwo(folder, { ...run, spec: changed }, steps);
    assert.deepEqual(other.there, other.here);
    assert.equal(other.here.filter((hash) => here.includes(hash)).length, 0, 'its batches are others');
    t.diagnostic(`check 8: ${steps.length} batches bitwise equal in two processes`);
  });
});

test('every stage and every replica mixes the bitwise same batches, labels included, in two stages and in three', async () => {
  await withFolder(async ({ blobs }) => {
    const inputs = { dataset: (await storeTiny(blobs)).uri };
    const steps = Array.from({ length: 16 }, (_, step) => step);
    const expected = new Map<string, string[]>();
    for (const stages of [2, 3]) {
      const replicas = stages;
      const spec = tinySpec({
        epochs: 4,
        augmentation: { ...TINY.augmentation, mixup: 0.5, cutmix: 1 },
        method: { stages, end_to_end_share: 0.5, end_to_end_replicas: replicas },
      });
      const planned = planTasks(spec, TINY).filter(({ kind }) => kind === 'stage' || kind === 'end_to_end');
      assert.deepEqual(new Set(planned.map(({ stage }) => stage)).size, stages + 1, 'all stages, and none');
      assert.deepEqual(new Set(planned.map(({ replica }) => replica)).size, replicas + 1);
      for (const { key, kind, stage, round, replica } of planned) {
        if (kind !== 'stage' && kind !== 'end_to_end') continue;
        const task = { key, kind, stage, round, replica };
        expected.set(
          `${stages}/${key}`,
          await batchHashes(task, { spec, blobs, inputs, dataset: TINY }, steps),
        );
      }
    }
    const [first = []] = expected.values();
    assert.equal(new Set(first).size, steps.length);
    for (const [task, hashes] of expected) assert.deepEqual(hashes, first, task);
  });
});

test('stages whose images are decoded, cropped and resized see the bitwise same batches, four at a time or one by one', async () => {
  await withFolder(async ({ folder, blobs }) => {
    const dataset = await storeMixed(blobs);
    const inputs = { dataset: dataset.manifest! };
    const spec = mixedSpec({ epochs: 2, method: { stages: 3 }, augmentation: { cutout: 3 } });
    assert.ok(spec.augmentation.random_resized_crop && spec.augmentation.horizontal_flip);
    const steps = Array.from({ length: 16 }, (_, step) => step);
    const run = { spec, blobs, inputs, dataset, decoders: 4 };
    const { here, there } = await hashesOfTwo(folder, run, steps);
    assert.deepEqual(there, here);
    assert.equal(new Set(here).size, steps.length);
    const plain = mixedSpec({
      epochs: 2,
      method: { stages: 3 },
      augmentation: { random_resized_crop: false },
    });
    const centred = await batchHashes(taskOf(0, 0), { ...run, spec: plain }, steps);
    assert.equal(centred.filter((hash) => here.includes(hash)).length, 0, 'the crops are what differs');
  });
});
