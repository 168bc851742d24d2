import assert from 'node:assert/strict';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { decodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { BatchThread, openFiles, splitFiles, TrainBatches } from '../../../src/trainer/data/index.js';
import { liveTensors, read } from '../../../src/trainer/runtime/index.js';
import { failureOf } from '../../../src/trainer/tasks/failure.js';
import { MIXED, mixedSpec, storeMixed } from '../support/mixed-images.js';
import { runPlan, withBlobs } from '../support/run-plan.js';
import { contextOf } from '../support/training-tasks.js';

const OPTIONS = {
  seed: 11,
  batchSize: 4,
  samples: MIXED.train_count,
  augmentation: mixedSpec().augmentation,
};
const STEPS = { start: 3, end: 20 };

const thread = new BatchThread(2);
after(() => thread.close());

async function trainFiles(blobs: BlobStore) {
  const { manifest } = await storeMixed(blobs);
  return splitFiles(decodeManifest(await blobs.get(manifest!)), 'train', blobs);
}

test('the thread decodes the bitwise same batches as the loop', async () => {
  await withBlobs(async (blobs) => {
    const files = await trainFiles(blobs);
    const before = liveTensors();
    const reader = openFiles(files, { decoders: 3 });
    const plain = new TrainBatches(reader, OPTIONS);
    const prepared = await thread.open(files, OPTIONS, STEPS);
    for (let step = STEPS.start; step < STEPS.end; step++) {
      const [batch, expected] = [await prepared.next(), await plain.at(step)];
      assert.deepEqual(read(batch.images), read(expected.images));
      assert.deepEqual([...batch.labelValues], [...expected.labelValues]);
      batch.dispose();
      expected.dispose();
    }
    prepared.close();
    reader.close();
    assert.equal(liveTensors(), before);
  });
});

/** Damage to the files, and the beginning of the failure of the task. */
const FAULTS = {
  'an image that is no image': {
    damage: ({ images }: Awaited<ReturnType<typeof trainFiles>>) =>
      writeFileSync(images, new Uint8Array(100), { flag: 'r+' }),
    message:
      /^image 0 of the train split cannot be decoded: .+; restore the blob store, or import the dataset again$/,
  },
  'a blob of images cut short': {
    damage: ({ images }: Awaited<ReturnType<typeof trainFiles>>) => truncateSync(images, 1000),
    message: /^the dataset's offsets end at \d+, but the images have 1000 bytes; import the dataset again$/,
  },
  'offsets of another split': {
    damage: ({ offsets }: Awaited<ReturnType<typeof trainFiles>>) => truncateSync(offsets!, 80),
    message: /^the dataset's offsets have 80 bytes, but 32 images need 264; import/,
  },
  'labels without a class': {
    damage: ({ labels }: Awaited<ReturnType<typeof trainFiles>>) =>
      writeFileSync(labels, Uint8Array.of(9, 0), { flag: 'r+' }),
    message: /^the dataset's splits\.train\.labels give image 0 the class 9, but there are 3 classes; import/,
  },
} as const;

for (const [name, { damage, message }] of Object.entries(FAULTS)) {
  test(`${name}: the task fails with dataset_unreadable, in the loop and in the thread`, async () => {
    await withBlobs(async (blobs) => {
      const files = await trainFiles(blobs);
      damage(files);
      const task = { key: 'stage-1-0', kind: 'stage', stage: 1, round: 0 } as const;
      const { assignment } = contextOf(task, { spec: mixedSpec(), blobs, inputs: {} });
      const fails = (error: unknown) => {
        const { code, message: told } = failureOf(error, assignment);
        assert.equal(code, 'dataset_unreadable', told);
        assert.match(told, message);
        return true;
      };
      const loop = async () => {
        const reader = openFiles(files);
        try {
          const batches = new TrainBatches(reader, OPTIONS);
          for (let step = 0; step < 8; step++) (await batches.at(step)).dispose();
        } finally {
          reader.close();
        }
      };
      const ahead = async () => {
        const prepared = await thread.open(files, OPTIONS, STEPS);
        try {
          for (;;) (await prepared.next()).dispose();
        } finally {
          prepared.close();
        }
      };
      await assert.rejects(loop, fails);
      await assert.rejects(ahead, fails);
    });
  });
}

test('a thread that is ended while it decodes is an error of the task', async () => {
  await withBlobs(async (blobs) => {
    const files = await trainFiles(blobs);
    const mortal = new BatchThread(4);
    const prepared = await mortal.open(files, OPTIONS, { start: 0, end: 1000 });
    (await prepared.next()).dispose();
    await mortal.close();
    await assert.rejects(async () => {
      for (;;) (await prepared.next()).dispose();
    }, /the thread that prepares batches failed/);
  });
});

test('readers give their files back, also those that fail to open', async () => {
  await withBlobs(async (blobs) => {
    const files = await trainFiles(blobs);
    const handles = () => readdirSync('/proc/self/fd').length;
    const before = handles();
    for (let round = 0; round < 5; round++) {
      const reader = openFiles(files);
      const target = new Uint8Array(reader.imageBytes);
      await reader.readImage(round, target, null);
      reader.close();
      assert.throws(() => openFiles({ ...files, offsets: files.labels }), /offsets have/);
    }
    assert.equal(handles(), before);
  });
});

test('a whole job on images of any size: trained, evaluated, its AuxNet re-fitted, exported and proven', async () => {
  await withBlobs(async (blobs) => {
    const dataset = await storeMixed(blobs);
    const spec = mixedSpec({ epochs: 2, exports: ['tfjs-layers', 'onnx'], image_size: 24 }, dataset);
    const before = liveTensors();
    const run = await runPlan(spec, blobs, undefined, undefined, dataset);
    assert.equal(liveTensors(), before);
    const { result, artifacts } = run.successes.get('finalize')!;
    assert.ok(result.export_difference_full! < 1e-4 && result.export_difference_compact_onnx! < 1e-4);
    assert.ok(result.auxiliary_error_1! < result.auxiliary_error_before_1!);
    const model = artifacts.find(({ name }) => name === 'full/model.json')!;
    const { modelTopology } = JSON.parse(new TextDecoder().decode(await blobs.get(model.uri)));
    assert.match(JSON.stringify(modelTopology), /"batch_input_shape":\[null,24,24,3\]/);
  });
});
