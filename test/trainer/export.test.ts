import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parametersOf } from '../../src/network/index.js';
import { buildLayersModel } from '../../src/trainer/export/layers-model.js';
import {
  batchStatisticsRule,
  estimateStatistics,
  inferenceRule,
  inferPass,
  uploadWeights,
} from '../../src/trainer/network/index.js';
import { arena, read, tf } from '../../src/trainer/runtime/index.js';
import { type Exported, withExports } from './support/exported-model.js';
import { CLASSES, randomFeatures, smallNetwork, uploadFeatures } from './support/small-network.js';

const IMAGES = 500;

test('a job exports the full and the compact model, whose files tf.loadLayersModel reads', async () => {
  await withExports(IMAGES, async (exported) => {
    assert.deepEqual([...exported.artifacts.keys()].sort(), [
      'compact/model.json',
      'compact/weights.bin',
      'full/model.json',
      'full/weights.bin',
      'report.json',
    ]);
    for (const name of ['full', 'compact'] as const) {
      const accuracy = await loadedAccuracy(exported, name);
      const reported = exported.result[name === 'full' ? 'test_accuracy' : 'compact_accuracy']!;
      // The first 500 images of 10,000: five standard deviations of a share of 500.
      assert.ok(
        Math.abs(accuracy - reported) < 5 * Math.sqrt(0.25 / IMAGES),
        `${name}: ${accuracy}, ${reported}`,
      );
      assert.ok(exported.result[`export_difference_${name}`]! <= 1e-4);
    }
    const report = JSON.parse((await exported.file('report.json')).toString());
    assert.deepEqual(report.result, exported.result);
    assert.equal(report.stages.length, 2);
  });
});

for (const family of ['resnet', 'wide-resnet', 'imagenet-resnet'] as const) {
  test(`${family}: the layers model computes what the trained network computes`, () => {
    const { network, layers, values } = smallNetwork(family, { width: 2, dropout: 0.5 });
    const random = randomFeatures(3, network.image);
    const pixels = { ...random, values: random.values.map((value) => Math.round(60 * value + 128)) };
    const manifest = {
      name: 'random',
      image: network.image,
      classes: ['a', 'b', 'c'],
      splits: { train: EMPTY_SPLIT, test: EMPTY_SPLIT },
      mean: [120, 130],
      standard_deviation: [60, 70],
    };
    const normalized = {
      ...pixels,
      values: pixels.values.map(
        (value, i) => (value - manifest.mean[i % 2]!) / manifest.standard_deviation[i % 2]!,
      ),
    };
    arena(() => {
      const weights = uploadWeights(parametersOf(layers), values);
      const statistics = estimateStatistics(layers, weights, [uploadFeatures(normalized)]);
      const { rule } = inferenceRule(layers, weights, statistics);
      const logits = inferPass(layers, uploadFeatures(normalized), weights, rule);
      const model = buildLayersModel({ layers, values, statistics, manifest });
      const probabilities = tf.tidy(() =>
        (
          model.predict(tf.tensor(Float32Array.from(pixels.values), [...pixels.shape])) as tf.Tensor
        ).dataSync(),
      );
      model.dispose();
      softmax(read(logits)).forEach((expected, index) => {
        assert.ok(Math.abs(expected - probabilities[index]!) < 1e-5);
      });
      // Fixed statistics are not the batch's: the rules differ on other images.
      const others = uploadFeatures(randomFeatures(9, network.image));
      assert.notDeepEqual(
        read(inferPass(layers, others, weights, rule)),
        read(inferPass(layers, others, weights, batchStatisticsRule(weights))),
      );
    });
  });
}

const EMPTY_SPLIT = { count: 0, images: 'sha256:', labels: 'sha256:' } as const;

function softmax(logits: Float32Array): number[] {
  return [...logits].map((value, index) => {
    const start = index - (index % CLASSES);
    const row = logits.subarray(start, start + CLASSES);
    return Math.exp(value) / row.reduce((sum, other) => sum + Math.exp(other), 0);
  });
}

async function loadedAccuracy(exported: Exported, name: string): Promise<number> {
  const { weightsManifest, ...description } = JSON.parse(
    (await exported.file(`${name}/model.json`)).toString(),
  );
  assert.deepEqual(weightsManifest[0].paths, ['weights.bin']);
  const weights = await exported.file(`${name}/weights.bin`);
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      ...description,
      weightSpecs: weightsManifest[0].weights,
      weightData: new Uint8Array(weights).buffer,
    }),
  );
  const predicted = tf.tidy(() => {
    const images = tf.tensor(Float32Array.from(exported.pixels), [IMAGES, 28, 28, 1]);
    return (model.predict(images) as tf.Tensor).argMax(1).dataSync();
  });
  model.dispose();
  return exported.labels.filter((label, index) => label === predicted[index]).length / IMAGES;
}
