import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import { BlobMissingError } from '../../../src/storage/errors.js';
import { TrainerError } from '../../../src/trainer/errors.js';
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
