import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { after, test } from 'node:test';
import { type DatasetManifest, decodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { StepRange } from '../../../src/method/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import {
  BatchThread,
  openSplit,
  splitFiles,
  TrainBatches,
  type TrainBatchesOptions,
  UNCHANGED_IMAGES,
} from '../../../src/trainer/data/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { liveTensors, read, readIntegers } from '../../../src/trainer/runtime/index.js';
import { withBlobs } from '../support/run-plan.js';
import {
  contentsOf,
  runTraining,
  runTrainingTask,
  storeTiny,
  TINY,
  tinySpec,
} from '../support/training-tasks.js';

const OPTIONS = {
  seed: 11,
  batchSize: 4,
  samples: TINY.train_count,
  augmentation: { ...UNCHANGED_IMAGES, crop_padding: 2, horizontal_flip: true, cutout: 3 },
};
/** Three epochs of eight, from within the first. */
const STEPS = { start: 3, end: 24 };
/** Steps of one of four replicas. */
const EVERY_FOURTH = { start: 5, end: 24, stride: 4 };

const thread = new BatchThread();
after(() => thread.close());

function withTiny(body: (manifest: DatasetManifest, blobs: BlobStore) => Promise<void>): Promise<void> {
  return withBlobs(async (blobs) =>
    body(decodeManifest(await blobs.get((await storeTiny(blobs)).uri)), blobs),
  );
}

for (const steps of [STEPS, EVERY_FOURTH]) {
  const each = 'stride' in steps ? 'every fourth' : 'each';
  test(`the thread makes the bitwise same batches of ${each} step; a batch in use stays until it is disposed of`, () =>
    assertSameBatches(steps, OPTIONS));
}

test('the thread makes the bitwise same batches of balanced classes', () =>
  assertSameBatches(STEPS, { ...OPTIONS, sampling: 'balanced' }));

test('the thread makes the bitwise same batches of a job with every kind of augmentation', () => {
  const steps = {
    padding_mode: 'reflect',
    flip: 'alternating',
    random_erasing: 0.5,
    mixup: 0.3,
    cutmix: 1,
    vertical_flip: true,
    rotation: 20,
    color_jitter: { brightness: 0.4, contrast: 0.4, saturation: 0, hue: 0 },
    policy: { type: 'rand-augment', count: 2, magnitude: 9 },
  } as const;
  return assertSameBatches(STEPS, { ...OPTIONS, augmentation: { ...OPTIONS.augmentation, ...steps } });
});

async function assertSameBatches(steps: StepRange, options: TrainBatchesOptions): Promise<void> {
  await withTiny(async (manifest, blobs) => {
    const before = liveTensors();
    const reader = await openSplit(manifest, 'train', blobs);
    const plain = new TrainBatches(reader, options);
    const prepared = await thread.open(await splitFiles(manifest, 'train', blobs), options, steps);
    let held: { batch: Awaited<ReturnType<typeof prepared.next>>; step: number } | null = null;
    for (let step = steps.start; step < steps.end; step += steps.stride ?? 1) {
      const batch = await prepared.next();
      for (const each of [held, { batch, step }]) {
        if (!each) continue;
        const expected = await plain.at(each.step);
        assert.deepEqual(read(each.batch.images), read(expected.images));
        assert.deepEqual(readIntegers(each.batch.labels), readIntegers(expected.labels));
        assert.deepEqual([...each.batch.labelValues], [...expected.labelValues]);
        assert.deepEqual(each.batch.images.shape, expected.images.shape);
        expected.dispose();
      }
      held?.batch.dispose();
      held = { batch, step };
    }
    held?.batch.dispose();
    prepared.close();
    assert.ok(prepared.seconds > 0);
    assert.equal(liveTensors(), before);
    reader.close();
  });
}

test("a batch's tensors are the ring's own memory, not a copy", async () => {
  await withTiny(async (manifest, blobs) => {
    const prepared = await thread.open(await splitFiles(manifest, 'train', blobs), OPTIONS, STEPS);
    const batch = await prepared.next();
    batch.labelValues[2] = 77;
    assert.equal(readIntegers(batch.labels)[2], 77);
    batch.dispose();
    prepared.close();
  });
});

test('an error in the thread reaches the task unchanged, and the next task is served', async () => {
  await withTiny(async (manifest, blobs) => {
    const files = await splitFiles(manifest, 'train', blobs);
    await withTiny(async (broken, others) => {
      const cut = await splitFiles(broken, 'train', others);
      truncateSync(cut.images, 100);
      const prepared = await thread.open(cut, OPTIONS, STEPS);
      await assert.rejects(
        async () => {
          for (;;) (await prepared.next()).dispose();
        },
        (error) =>
          error instanceof TrainerError &&
          error.code === 'dataset_unreadable' &&
          /is cut short/.test(error.message),
      );
      prepared.close();
    });
    const missing = { ...files, labels: `${files.labels}-gone` };
    const without = await thread.open(missing, OPTIONS, STEPS);
    await assert.rejects(without.next(), /the thread that prepares batches failed: ENOENT.*-gone/);
    without.close();
    const served = await thread.open(files, OPTIONS, STEPS);
    (await served.next()).dispose();
    served.close();
  });
});

test('a thread that dies is an error of the task, and the next task gets another', async () => {
  const mortal = new BatchThread();
  await withTiny(async (manifest, blobs) => {
    const files = await splitFiles(manifest, 'train', blobs);
    const prepared = await mortal.open(files, OPTIONS, STEPS);
    (await prepared.next()).dispose();
    await mortal.close();
    await assert.rejects(async () => {
      for (;;) (await prepared.next()).dispose();
    }, /the thread that prepares batches failed: exit code 1/);
    const next = await mortal.open(files, OPTIONS, STEPS);
    (await next.next()).dispose();
    next.close();
  });
  await mortal.close();
});

test('batches of which two exceed the memory are made by the loop', () => {
  assert.ok(BatchThread.takes(256, 224 * 224 * 3));
  assert.ok(!BatchThread.takes(4096, 224 * 224 * 3));
});

class Stopped extends Error {}

test('tasks end in the bitwise same outputs with a thread and without, stopped and run again or not', async () => {
  const spec = tinySpec({
    epochs: 3,
    class_weights: 'balanced',
    sampling: 'balanced',
    augmentation: { ...TINY.augmentation, mixup: 0.5, cutmix: 1 },
    method: { type: 'augmented-lagrangian', stages: 2, end_to_end_share: 0.33 },
  });
  const outputs = (batchThread: BatchThread | null) =>
    withBlobs(async (blobs) => {
      let stopped = 0;
      const run = await runTraining(spec, blobs, async (task, options) => {
        if (!batchThread) return runTrainingTask(task, options);
        let left = 1 + (stopped++ % 3);
        const onStep = () => {
          if (--left === 0) throw new Stopped();
        };
        await assert.rejects(runTrainingTask(task, { ...options, batchThread, onStep }), Stopped);
        return runTrainingTask(task, { ...options, batchThread, attempt: 2 });
      });
      const contents = [...run].map(async ([key, success]) => [key, await contentsOf(success, blobs)]);
      return Object.fromEntries(await Promise.all(contents));
    });
  const before = liveTensors();
  assert.deepEqual(await outputs(thread), await outputs(null));
  assert.equal(liveTensors(), before);
});
