import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { MODEL_VARIANTS } from '../../src/contract/client/models.js';
import { decodeManifest } from '../../src/contract/dataset-manifest.js';
import { decodeOffsets } from '../../src/contract/dataset-offsets.js';
import type { PredictionTask } from '../../src/contract/predictor-protocol.js';
import { type BlobUri, servingOutput } from '../../src/contract/trainer-protocol.js';
import { loadNetwork } from '../../src/predictor/onnx.js';
import { predict } from '../../src/predictor/predict.js';
import { Sessions } from '../../src/predictor/sessions.js';
import { testImages } from '../trainer/support/exported-model.js';
import { MIXED, mixedSpec, storeMixed } from '../trainer/support/mixed-images.js';
import { type PlanRun, runPlan, withBlobs } from '../trainer/support/run-plan.js';
import { MNIST } from '../trainer/support/small-mnist.js';
import { mnistSpec } from '../trainer/support/specs.js';

const BATCH = 250;

/** Image files in base64, as they are sent, and their classes. */
interface TestSet extends Pick<PredictionTask, 'image' | 'storage'> {
  readonly files: readonly string[];
  readonly labels: ArrayLike<number>;
}

/** Classifies every file by each variant, and compares with what the job says of itself. */
async function expectEvaluated(run: PlanRun, { files, labels, ...shown }: TestSet, slack: number) {
  const { outputs, result } = run.successes.get('finalize')!;
  const sessions = new Sessions((uri) => loadNetwork(run.blobs, uri as BlobUri, 1), 2 ** 30);
  for (const variant of MODEL_VARIANTS) {
    const { uri } = outputs[servingOutput(variant)]!;
    let right = 0;
    for (let start = 0; start < files.length; start += BATCH) {
      const items = files.slice(start, start + BATCH);
      const task = { uri, ...shown, kind: 'encoded', items, topK: 1 } as const;
      const outcome = await predict(sessions, task, () => performance.now(), new AbortController().signal);
      assert.ok(outcome.ok);
      right += outcome.predictions.filter(([best], n) => best?.index === labels[start + n]).length;
    }
    const evaluated = files.length * result[variant === 'full' ? 'test_accuracy' : 'compact_accuracy']!;
    assert.ok(Math.abs(right - evaluated) <= slack, `${variant}: ${right} right, ${evaluated} evaluated`);
  }
}

test('every test image sent as a PNG file is classified as in the job’s own evaluation, full and compact', async () => {
  await withBlobs(async (blobs) => {
    const spec = mnistSpec({ max_train_samples: 1024, epochs: 1, method: { stages: 2 } });
    const run = await runPlan(spec, blobs);
    const { pixels, labels } = await testImages(run, MNIST.test_count);
    const { height, width } = MNIST.image;
    const files = await Promise.all(
      Array.from(labels, async (_, index) => {
        const image = pixels.subarray(index * height * width, (index + 1) * height * width);
        const file = sharp(image, { raw: { height, width, channels: 1 } }).png({ compressionLevel: 1 });
        return (await file.toBuffer()).toString('base64');
      }),
    );
    // An export may differ by 1e-4 in a probability: that turns an image between two classes, not two in 1,000.
    await expectEvaluated(run, { files, labels, image: MNIST.image, storage: 'pixels' }, 1.01);
  });
});

test('every uploaded colour file of any size and format is classified as in the job’s own evaluation', async () => {
  await withBlobs(async (blobs) => {
    const dataset = await storeMixed(blobs);
    const run = await runPlan(mixedSpec({ epochs: 2 }, dataset), blobs, undefined, undefined, dataset);
    const { splits } = decodeManifest(await blobs.get(dataset.manifest!));
    assert.ok('offsets' in splits.test);
    const [images, offsets, labels] = await Promise.all(
      [splits.test.images, splits.test.offsets, splits.test.labels].map((uri) => blobs.get(uri)),
    );
    const starts = decodeOffsets(offsets!, MIXED.test_count, images!.length);
    const files = Array.from({ length: MIXED.test_count }, (_, index) =>
      Buffer.from(images!.subarray(starts[index]!, starts[index + 1]!)).toString('base64'),
    );
    const classes = new Uint16Array(Uint8Array.from(labels!).buffer);
    await expectEvaluated(run, { files, labels: classes, image: MIXED.image, storage: 'encoded' }, 0.01);
  });
});
