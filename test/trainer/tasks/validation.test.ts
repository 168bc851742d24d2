import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeManifest } from '../../../src/contract/dataset-manifest.js';
import { StrataError } from '../../../src/contract/errors.js';
import type { DatasetFacts } from '../../../src/contract/spec.js';
import { trainSamples, validationImages } from '../../../src/method/index.js';
import { planTasks } from '../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { resolved } from '../../jobs/support/specs.js';
import { runPlan, withBlobs } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import { TINY, tinySpec } from '../support/training-tasks.js';

// Pixels have a value that shows their split, and each split has its own label. The number of scored images shows which
// split was scored.

const COUNTS = { train: 32, validation: 12, test: 20 };

async function store(blobs: BlobStore, counts: typeof COUNTS | Omit<typeof COUNTS, 'validation'>) {
  const { image, classes } = TINY;
  const size = image.height * image.width * image.channels;
  const split = async (count: number, seed: number) => {
    const images = await blobs.put(
      Uint8Array.from({ length: count * size }, (_, index) => (index * seed * 37) % 251),
    );
    const labels = await blobs.put(
      new Uint8Array(Uint16Array.from({ length: count }, (_, index) => (index * seed) % 3).buffer),
    );
    return { count, images: images.uri, labels: labels.uri };
  };
  const validation = 'validation' in counts ? { validation: await split(counts.validation, 5) } : {};
  const manifest = encodeManifest({
    name: 'tiny',
    storage: 'pixels',
    image,
    classes,
    splits: { train: await split(counts.train, 1), test: await split(counts.test, 7), ...validation },
    mean: [127, 127],
    standard_deviation: [74, 74],
  });
  const { uri } = await blobs.put(manifest);
  const facts: DatasetFacts = {
    ...TINY,
    train_count: counts.train,
    test_count: counts.test,
    validation_count: 'validation' in counts ? counts.validation : 0,
  };
  return { uri, facts };
}

/**
 * The evaluation after the last round, of a network that has not been trained: the figures, and how many images each
 * pause follows.
 */
async function scored(changes: SpecChanges, counts: typeof COUNTS | Omit<typeof COUNTS, 'validation'>) {
  return await withBlobs(async (blobs) => {
    const { uri, facts } = await store(blobs, counts);
    const spec = tinySpec({
      epochs: 1,
      evaluate_every: 1,
      method: { type: 'backprop', stages: 1 },
      ...changes,
    });
    const results = new Map<string, Readonly<Record<string, number>>>();
    for (const task of planTasks(spec, facts).filter(
      ({ kind }) => kind === 'evaluate' || kind === 'finalize',
    )) {
      const { kind, round, stage, replica, key } = task;
      const success = await runTask({
        assignment: {
          task_id: key,
          job_id: 'job',
          attempt: 1,
          kind,
          round,
          stage,
          replica,
          spec,
          dataset: facts,
          inputs: { dataset: uri },
        },
        blobs,
        now: () => 0,
        progress: () => {},
        metrics: () => {},
        betweenSteps: async () => {},
      });
      results.set(kind, success.result);
    }
    return results;
  });
}

/** An accuracy is a whole number of images of that many. */
const isShareOf = (value: number | undefined, count: number) =>
  value !== undefined && Math.abs(value * count - Math.round(value * count)) < 1e-9;

test('a validation split is scored between rounds, the test images at the end alone', async () => {
  const results = await scored({}, COUNTS);
  const between = results.get('evaluate')!;
  assert.ok(isShareOf(between.validation_accuracy, COUNTS.validation));
  assert.deepEqual(
    Object.keys(between).filter((name) => /^(test|compact)_(accuracy|loss)/.test(name)),
    [],
  );
  const final = results.get('finalize')!;
  assert.ok(isShareOf(final.test_accuracy, COUNTS.test));
  assert.equal(final.validation_accuracy, between.validation_accuracy, 'the same network on the same images');
  assert.equal(final.validation_loss, between.validation_loss);
  assert.ok(final.validation_macro_f1! > 0);
  assert.equal(final.validation_macro_f1, between.validation_macro_f1);
});

test('evaluations in the end-to-end phase score the joined network, as finalize does after its last round', async () => {
  await withBlobs(async (blobs) => {
    const { uri, facts } = await store(blobs, COUNTS);
    const spec = tinySpec({
      epochs: 2,
      validation_share: 0.25,
      batch_size: 12,
      max_train_samples: null,
      evaluate_every: 1,
      exports: [],
      selection: { keep: 'best', metric: 'validation_accuracy' },
      method: { type: 'augmented-lagrangian', stages: 2, end_to_end_share: 0.5, round_steps: 1 },
    });
    const dataset = { ...facts, manifest: uri };
    const { successes, samples } = await runPlan(spec, blobs, undefined, undefined, dataset);
    const joined = [0, 1].map((round) => successes.get(`evaluate_joined-${round}`)?.result ?? {});
    for (const result of joined) {
      assert.deepEqual(Object.keys(result).sort(), [
        'validation_accuracy',
        'validation_loss',
        'validation_macro_f1',
      ]);
      assert.ok(isShareOf(result.validation_accuracy, 8));
    }
    assert.notEqual(joined[0]?.validation_loss, joined[1]?.validation_loss, 'a round lies between them');
    const final = successes.get('finalize')?.result;
    assert.equal(joined[1]?.validation_loss, final?.validation_loss, 'the same network on the same images');
    const steps = samples.flatMap(({ name, step }) => (name === 'validation_loss' ? [step] : []));
    assert.deepEqual([...new Set(steps)], [0, 1, 2, 3], 'each at the last step of its round');
  });
});

test('a share of the training images is held out, never trained on, and scored instead of the split', async () => {
  const { train } = COUNTS;
  const spec = { max_train_samples: null, validation_share: 0.25 };
  const facts = { train_count: train, validation_count: COUNTS.validation };
  assert.deepEqual(validationImages(spec, facts), { split: 'train', first: 24, count: 8 });
  assert.equal(trainSamples(spec, facts), 24);
  assert.equal(
    trainSamples({ ...spec, max_train_samples: 30 }, facts),
    24,
    'a limit does not reach into them',
  );
  assert.equal(trainSamples({ ...spec, max_train_samples: 16 }, facts), 16);
  const results = await scored({ ...spec, batch_size: 4 }, COUNTS);
  const { validation_accuracy: accuracy } = results.get('evaluate')!;
  assert.ok(isShareOf(accuracy, 8), `${accuracy}`);
});

test('evaluations score the test images where there are no validation images or the share is 0', async () => {
  const { train, test: tested } = COUNTS;
  for (const [changes, counts] of [
    [{}, { train, test: tested }],
    [{ validation_share: 0 }, COUNTS],
  ] as const) {
    const between = (await scored(changes, counts)).get('evaluate')!;
    assert.ok(isShareOf(between.test_accuracy, tested));
    assert.equal(between.validation_accuracy, undefined);
  }
});

test('a share that holds out no image, or that leaves no batch, is refused with its remedy', () => {
  const refusalOf = (changes: SpecChanges) => {
    try {
      resolved(changes);
    } catch (error) {
      assert.ok(error instanceof StrataError);
      return error.errors.map(({ pointer, message }) => `${pointer}: ${message}`).join('\n');
    }
    return '';
  };
  // The dataset has 60,000 images.
  assert.match(
    refusalOf({ validation_share: 1e-6 }),
    /\/validation_share: holds out no image.*use 0.00002 or more, or null/,
  );
  assert.equal(refusalOf({ validation_share: 2e-5 }), '', 'the remedy');
  assert.match(
    refusalOf({ validation_share: 0.9, batch_size: 6001 }),
    /\/batch_size: must be at most 6000, the number of training images/,
  );
});
