import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { convertWeights } from '../../../src/jobs/client/weights/convert.js';
import { describeRun } from '../../../src/method/index.js';
import {
  describeNetwork,
  type ModelSize,
  type PaddingRule,
  parametersOf,
  wholeNetwork,
} from '../../../src/network/index.js';
import {
  CIFAR_RESNET,
  type Layout,
  TORCHVISION,
  WIDE_RESNET_PYTORCH,
} from '../../../src/network/layouts/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { inMemory } from '../../../src/trainer/optimizer/index.js';
import { inferenceRule, inferPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, read, upload } from '../../../src/trainer/runtime/index.js';
import { stageParameters } from '../../../src/trainer/tasks/inputs/stage-parameters.js';
import { initialState } from '../../../src/trainer/tasks/inputs/states.js';
import { foreignFile, safetensorsOf } from '../../support/foreign-weights.js';
import { withBlobs } from '../support/run-plan.js';
import { contextOf, TINY, tinySpec } from '../support/training-tasks.js';

const CLASSES = 3;

/**
 * Class probabilities of two images by PyTorch 2.15 in float64, of the public definitions of these networks (torchvision's
 * ResNet-18 of width 4, pytorch-cifar-models' ResNet-8 of width 4, WideResNet-pytorch 10-1) with the weights of `foreignFile`.
 */
const BY_TORCH: readonly [Layout, ModelSize, height: number, width: number, probabilities: number[]][] = [
  [
    TORCHVISION,
    { family: 'imagenet-resnet', depth: 18, width: 4 },
    64,
    64,
    [0.24122794, 0.14437856, 0.6143935, 0.14971064, 0.16202456, 0.6882648],
  ],
  [
    CIFAR_RESNET,
    { family: 'resnet', depth: 8, width: 4 },
    16,
    18,
    [0.32683072, 0.55594761, 0.11722166, 0.30501762, 0.58322894, 0.11175344],
  ],
  [
    WIDE_RESNET_PYTORCH,
    { family: 'wide-resnet', depth: 10, width: 1 },
    16,
    16,
    [0.02647362, 0.08725256, 0.88627382, 0.03277729, 0.11033441, 0.85688829],
  ],
];

for (const [layout, model, height, width, expected] of BY_TORCH) {
  test(`${layout.name}: a network with its weights and symmetric padding answers as PyTorch does`, async () => {
    await withBlobs(async (blobs) => {
      const { blob, network, padding } = await converted(layout, model, blobs);
      assert.deepEqual([network.model, padding], [model, 'symmetric']);
      const state = decodeState(await blobs.get(blob.uri));
      const answers = (rule: PaddingRule) => {
        const image = { height, width, channels: 3 };
        const layers = wholeNetwork(describeNetwork({ ...model, padding: rule }, image, CLASSES));
        const found = state.slots.get('statistics')!;
        const statistics = new Map(
          [...found.keys()].flatMap((key) => {
            const name = key.replace(/\/mean$/, '');
            return name === key
              ? []
              : [[name, { mean: found.get(key)!, variance: found.get(`${name}/variance`)! }] as const];
          }),
        );
        return arena(() => {
          const weights = uploadWeights(parametersOf(layers), state.weights);
          const { rule: norm } = inferenceRule(layers, weights, statistics);
          const pixels = Float32Array.from({ length: 2 * height * width * 3 }, (_, i) =>
            Math.sin((0.011 * i * i) % 6.283),
          );
          return softmax(read(inferPass(layers, upload(pixels, [2, height, width, 3]), weights, norm)));
        });
      };
      // float32 through a dozen layers against float64, and eight printed digits.
      assert.ok(difference(answers('symmetric'), expected) < 1e-5, `${answers('symmetric')}`);
      assert.ok(difference(answers('same'), expected) > 1e-4, 'the padding matters');
    });
  });
}

test('one, two and three stages start from bitwise the same tensors, and gray images from the sum over colors', async () => {
  await withBlobs(async (blobs) => {
    const model = { family: 'resnet', depth: 8, width: 4, padding: 'symmetric', dropout: 0 } as const;
    const { blob } = await converted(CIFAR_RESNET, model, blobs);
    const { weights } = decodeState(await blobs.get(blob.uri));
    for (const stages of [1, 2, 3]) {
      const type = stages === 1 ? 'backprop' : 'augmented-lagrangian';
      const init_from = { weights: 'weights_1', head: 'new' } as const;
      const spec = tinySpec({ model, method: { type, stages }, init_from });
      const run = describeRun(spec, { ...TINY, image: { ...TINY.image, channels: 1 } });
      const parameters = run.stages.flatMap(stageParameters);
      const context = (inputs: Record<string, typeof blob.uri>) =>
        contextOf({ key: 'stage-0-0', kind: 'stage', stage: 0, round: 0 }, { spec, blobs, inputs });
      const start = inMemory(await initialState(context({ 'initial-0': blob.uri }), parameters)).weights;
      const chance = inMemory(await initialState(context({}), parameters)).weights;
      let loaded = 0;
      for (const { name } of parametersOf(wholeNetwork(run.network))) {
        if (name === 'stem/conv/kernel' || name.startsWith('head/dense')) continue;
        assert.deepEqual(start.get(name), weights.get(name), `${stages}: ${name}`);
        loaded++;
      }
      assert.equal(loaded, weights.size - 3);
      assert.deepEqual(start.get('head/dense/kernel'), chance.get('head/dense/kernel'));
      const [colors, gray] = [weights.get('stem/conv/kernel')!, start.get('stem/conv/kernel')!];
      gray.forEach((value, index) => {
        const at = (color: number) => colors[(Math.floor(index / 4) * 3 + color) * 4 + (index % 4)]!;
        assert.equal(value, Math.fround(at(0) + at(1) + at(2)));
      });
    }
  });
});

async function converted(layout: Layout, model: ModelSize, blobs: BlobStore) {
  const folder = await blobs.createWorkFolder('import_1');
  const path = `${folder}/file`;
  await writeFile(path, safetensorsOf(foreignFile(layout, model, { classes: CLASSES })));
  return convertWeights(path, blobs, 'import_2/weights');
}

function softmax(logits: Float32Array): number[] {
  return [...logits].map((value, index) => {
    const row = logits.subarray(index - (index % CLASSES), index - (index % CLASSES) + CLASSES);
    return Math.exp(value) / row.reduce((sum, other) => sum + Math.exp(other), 0);
  });
}

const difference = (actual: readonly number[], expected: readonly number[]): number =>
  Math.max(...actual.map((value, index) => Math.abs(value - expected[index]!)));
