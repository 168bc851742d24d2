import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedAugmentation } from '../../../src/contract/spec.js';
import {
  drawPlacement,
  normalizationTable,
  type Placement,
  placeImage,
  UNCHANGED,
  UNCHANGED_IMAGES,
} from '../../../src/trainer/data/augment.js';
import { decodeIdx } from '../../../src/trainer/data/idx.js';
import { openSplit, plainBatches, prepareMnist, TrainBatches } from '../../../src/trainer/data/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { permutation, randomStream } from '../../../src/trainer/random.js';
import { liveTensors, read } from '../../../src/trainer/runtime/index.js';
import { withBlobs } from '../support/run-plan.js';
import { WHOLE_MNIST as MNIST } from '../support/small-mnist.js';

const OPTIONS = {
  seed: 11,
  batchSize: 32,
  samples: 256,
  augmentation: { ...UNCHANGED_IMAGES, crop_padding: 2, horizontal_flip: true },
} as const;
const SIZE = { height: 28, width: 28 };

async function inTurn<T, R>(items: readonly T[], make: (item: T) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (const item of items) made.push(await make(item));
  return made;
}

test('MNIST of the package has the published counts, classes, mean and deviation', async () => {
  await withBlobs(async (blobs) => {
    const manifest = await prepareMnist(MNIST, blobs);
    assert.equal(manifest.splits.train.count, 60_000);
    assert.equal(manifest.splits.test.count, 10_000);
    // 0.1307 and 0.3081 of 255, the published figures.
    assert.equal((manifest.mean[0]! / 255).toFixed(4), '0.1307');
    assert.equal((manifest.standard_deviation[0]! / 255).toFixed(4), '0.3081');
    const reader = await openSplit(manifest, 'train', blobs);
    assert.deepEqual([...reader.labels.subarray(0, 10)], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    reader.close();
    const limited = await openSplit(manifest, 'train', blobs, { max: 100 });
    assert.equal(limited.count, 100, 'a job on fewer images opens no others');
    limited.close();
  });
});

// docs/method.md, check 8.
test('two processes at different steps see the bitwise same batch of a step', async () => {
  await withBlobs(async (blobs) => {
    const manifest = await prepareMnist(MNIST, blobs);
    const readers = await Promise.all([1, 2].map(() => openSplit(manifest, 'train', blobs)));
    const options = { ...OPTIONS, augmentation: { ...OPTIONS.augmentation, cutout: 8 } };
    const [ahead, behind] = readers.map((reader) => new TrainBatches(reader, options));
    const before = liveTensors();
    const pixels = async (batches: TrainBatches, step: number) => {
      const batch = await batches.at(step);
      const result = { images: read(batch.images), labels: [...batch.labelValues] };
      batch.dispose();
      return result;
    };
    const late = await inTurn([3, 9, 20], (step) => pixels(ahead!, step));
    // In another order, with other epochs visited between.
    const early = (await inTurn([20, 9, 3], (step) => pixels(behind!, step))).reverse();
    assert.deepEqual(late, early);
    assert.notDeepEqual(
      await pixels(ahead!, 3),
      await pixels(ahead!, 3 + 8),
      'another epoch draws other places',
    );
    assert.equal(liveTensors(), before);
    for (const reader of readers) reader.close();
  });
});

test('an epoch holds every image once', async () => {
  await withBlobs(async (blobs) => {
    const reader = await openSplit(await prepareMnist(MNIST, blobs), 'train', blobs);
    const counts = new Map<number, number>();
    const order = permutation(OPTIONS.samples, randomStream(OPTIONS.seed, 'order', 0));
    const batches = new TrainBatches(reader, OPTIONS);
    for (let step = 0; step < 8; step++) {
      const batch = await batches.at(step);
      for (const label of batch.labelValues) counts.set(label, (counts.get(label) ?? 0) + 1);
      batch.dispose();
    }
    const expected = new Map<number, number>();
    for (const index of order) {
      const label = reader.labels[index]!;
      expected.set(label, (expected.get(label) ?? 0) + 1);
    }
    assert.deepEqual([...counts].sort(), [...expected].sort());
    assert.equal(new Set(order).size, OPTIONS.samples);
    const epochs = [0, 1].map((epoch) =>
      Array.from({ length: 8 }, (_, step) => [...batches.samplesAt(8 * epoch + step)]).flat(),
    );
    for (const epoch of epochs) assert.equal(new Set(epoch).size, OPTIONS.samples);
    assert.notDeepEqual(epochs[0], epochs[1], 'the next epoch has another order');
    reader.close();
  });
});

test('evaluation walks the split in order, the rest of a batch included', async () => {
  await withBlobs(async (blobs) => {
    const reader = await openSplit(await prepareMnist(MNIST, blobs), 'test', blobs);
    const sizes: number[] = [];
    for await (const batch of plainBatches(reader, 300)) sizes.push(batch.labelValues.length);
    assert.deepEqual([sizes.length, sizes.at(-1)], [34, 100]);
    reader.close();
  });
});

test('an image is shifted, mirrored and normalised; uncovered and cut-out pixels are the mean', () => {
  const shape = { height: 2, width: 3, channels: 1 };
  const table = normalizationTable([0], [1]);
  const placed = (placement: Partial<Placement>) => {
    const target = new Float32Array(8);
    // Behind two numbers of another image's.
    placeImage(Uint8Array.of(1, 2, 3, 4, 5, 6), shape, table, { ...UNCHANGED, ...placement }, target, 2);
    return [...target];
  };
  assert.deepEqual(placed({ down: 1, mirrored: true }), [0, 0, 0, 0, 0, 3, 2, 1]);
  assert.deepEqual(placed({ right: -1 }), [0, 0, 2, 3, 0, 5, 6, 0]);
  assert.deepEqual(placed({ right: 2, reflects: true }), [0, 0, 3, 2, 1, 6, 5, 4]);
  assert.deepEqual(placed({ down: -1, right: -2, reflects: true }), [0, 0, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual(placed({ blanked: [{ top: 1, left: 1, height: 1, width: 1 }] }), [0, 0, 1, 2, 3, 4, 0, 6]);
  assert.deepEqual(
    placed({ blanked: [{ top: -1, left: 2, height: 2, width: 2 }] }),
    [0, 0, 1, 2, 0, 4, 5, 6],
  );
  assert.deepEqual(
    placed({ blanked: [{ top: -1, left: -1, height: 2, width: 2 }] }),
    [0, 0, 0, 2, 3, 4, 5, 6],
  );
});

test('a cutout has its centre on every pixel alike, and leaves crops and flips as they were', () => {
  const plain: ResolvedAugmentation = { ...UNCHANGED_IMAGES, crop_padding: 2, horizontal_flip: true };
  const counts = new Map<number, number>();
  for (let index = 0; index < 5000; index++) {
    const draw = (augmentation: typeof plain) =>
      drawPlacement(augmentation, { height: 5, width: 28 }, randomStream(1, 'cutouts', index));
    const { blanked, ...rest } = draw({ ...plain, cutout: 3 });
    assert.deepEqual({ ...rest, blanked: [] }, draw(plain));
    const [{ top, height, width }] = blanked as [Placement['blanked'][number]];
    counts.set(top + 1, (counts.get(top + 1) ?? 0) + 1);
    assert.deepEqual([blanked.length, height, width], [1, 3, 3]);
  }
  assert.deepEqual(
    [...counts.keys()].sort((a, b) => a - b),
    [0, 1, 2, 3, 4],
  );
  // 1000 expected each, standard deviation 28: five of them
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 142);
});

test('placements cover the whole range evenly, and nothing beyond it', () => {
  const random = randomStream(1, 'placements');
  const counts = new Map<number, number>();
  for (let draw = 0; draw < 5000; draw++) {
    const { down } = drawPlacement({ ...OPTIONS.augmentation, horizontal_flip: false }, SIZE, random);
    counts.set(down, (counts.get(down) ?? 0) + 1);
  }
  assert.deepEqual(
    [...counts.keys()].sort((a, b) => a - b),
    [-2, -1, 0, 1, 2],
  );
  // 1000 expected each, standard deviation 28: five of them
  for (const count of counts.values()) assert.ok(Math.abs(count - 1000) < 142);
  const flips = Array.from({ length: 5000 }, () => drawPlacement(OPTIONS.augmentation, SIZE, random));
  // 2500 expected, standard deviation 35: five of them
  assert.ok(Math.abs(flips.filter(({ mirrored }) => mirrored).length - 2500) < 177);
});

test('a file that is not idx, or is cut short, is refused by name', () => {
  const whole = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);
  assert.deepEqual([...decodeIdx(whole, 'f').values], [7, 9]);
  for (const bytes of [whole.subarray(0, 9), whole.subarray(0, 3), Uint8Array.of(1, 2, 3, 4, 5)]) {
    assert.throws(
      () => decodeIdx(bytes, 'train-labels'),
      (error) =>
        error instanceof TrainerError &&
        error.code === 'dataset_unreadable' &&
        /train-labels/.test(error.message),
    );
  }
});
