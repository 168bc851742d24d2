import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import { BlobMissingError } from '../../../src/storage/errors.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { readManifest } from '../../../src/trainer/tasks/inputs/dataset.js';
import { prepare } from '../../../src/trainer/tasks/prepare.js';
import { withBlobs } from '../support/run-plan.js';
import { contextOf, storeTiny, TINY, tinySpec } from '../support/training-tasks.js';

const PREPARE = { key: 'prepare', kind: 'prepare', stage: null, round: null } as const;

test('an imported dataset is found and not made again; one that differs from its row is rejected', async () => {
  await withBlobs(async (blobs) => {
    const stored = await storeTiny(blobs);
    const prepared = (changes: Partial<DatasetFacts>) => {
      const context = contextOf(PREPARE, { spec: tinySpec({}), blobs, inputs: {} });
      const dataset = { ...TINY, test_count: TINY.train_count, manifest: stored.uri, ...changes };
      return prepare({ ...context, assignment: { ...context.assignment, dataset } });
    };
    assert.deepEqual((await prepared({})).outputs, { dataset: stored });
    await assert.rejects(
      prepared({ train_count: 31 }),
      (error) => error instanceof TrainerError && error.code === 'dataset_unreadable',
    );
    const text = new TextDecoder().decode(await blobs.get(stored.uri));
    await blobs.deleteBlob(JSON.parse(text).splits.test.labels);
    await assert.rejects(prepared({}), BlobMissingError);
  });
});

test('the normalization of a job replaces the statistics of its dataset in every task', async () => {
  await withBlobs(async (blobs) => {
    const { uri } = await storeTiny(blobs);
    const read = async (normalization: ResolvedSpec['normalization']) => {
      const spec = { ...tinySpec({}), normalization };
      const { mean, standard_deviation } = await readManifest(
        contextOf(PREPARE, { spec, blobs, inputs: { dataset: uri } }),
      );
      return { mean, standard_deviation };
    };
    assert.deepEqual(await read('dataset'), { mean: [127, 127], standard_deviation: [74, 74] });
    assert.deepEqual(await read({ mean: [0.5, 0.25], standard_deviation: [0.5, 1] }), {
      mean: [127.5, 63.75],
      standard_deviation: [127.5, 255],
    });
    await assert.rejects(read('weights'), /must be resolved before/);
  });
});

test('features of frozen blocks are made with the dataset; an attempt that is stopped leaves nothing, and the next one makes the same', async () => {
  await withBlobs(async (blobs) => {
    const { uri: manifest } = await storeTiny(blobs);
    const spec = tinySpec({
      augmentation: { crop_padding: 0, horizontal_flip: false },
      freeze: { blocks: 2, norm: 'frozen' },
      init_from: { checkpoint: 'job_1-final', head: 'keep', statistics: 'estimate' },
    });
    const attemptOf = (attempt: number, betweenSteps: () => Promise<void>) => {
      const context = contextOf(PREPARE, { spec, blobs, inputs: {}, attempt });
      const dataset = { ...TINY, test_count: TINY.train_count, manifest };
      const assignment = { ...context.assignment, dataset };
      return prepare({ ...context, assignment, betweenSteps });
    };
    const made = async (attempt: number) => {
      const { outputs } = await attemptOf(attempt, async () => {});
      assert.deepEqual(Object.keys(outputs), ['dataset', 'frozen_features']);
      return Buffer.from(await blobs.get(outputs.frozen_features!.uri));
    };
    const expected = await made(1);
    // A byte for each image that says it is there, and the output of the second block.
    assert.equal(expected.length, 32 + 32 * 4 * 4 * 4 * 4);
    const before = liveTensors();
    let batches = 0;
    const stopped = attemptOf(2, async () => {
      if (++batches === 3) throw new Error('stopped');
    });
    await assert.rejects(stopped, /stopped/);
    assert.equal(liveTensors(), before, 'the stopped attempt left tensors behind');
    assert.equal(await blobs.exists('spool:job/prepare-a2/frozen_features'), false);
    assert.deepEqual(await made(3), expected);
  });
});
