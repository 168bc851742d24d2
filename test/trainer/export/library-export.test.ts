import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installedTorch } from '../../../bench/step/torch.js';
import { describeNetwork, flatten, parametersOf, wholeNetwork } from '../../../src/network/index.js';
import { exec } from '../../../src/provision/exec.js';
import { usageOf } from '../../../src/trainer/documents/usage.js';
import type { InferenceModel } from '../../../src/trainer/export/inference-layers.js';
import { timmConfig, torchvisionConfig } from '../../../src/trainer/export/library-config.js';
import { inferenceModel } from '../../../src/trainer/export/lower.js';
import { onnxFile } from '../../../src/trainer/export/onnx-export.js';
import { withOnnxRuntime } from '../../../src/trainer/export/onnx-runtime.js';
import { tensorsOf } from '../../../src/trainer/export/safetensors-files.js';
import {
  libraryNames,
  libraryNetwork,
  readStateDict,
  stateDict,
} from '../../../src/trainer/export/state-dict.js';
import { initialValues } from '../../../src/trainer/optimizer/index.js';
import { randomStream } from '../../../src/trainer/random.js';
import { pythonPackages } from '../../support/python-packages.js';

const IMAGE = { height: 64, width: 64, channels: 3 };
const CLASSES = ['a', 'b', 'c'];

const networkOf = (depth: number, width = 64) =>
  ({ family: 'imagenet-resnet', depth, width, padding: 'symmetric' }) as const;

/** An untrained network with random statistics. */
function modelOf(depth: number, width?: number): InferenceModel {
  const layers = wholeNetwork(describeNetwork(networkOf(depth, width), IMAGE, CLASSES.length));
  const random = randomStream(1, 'statistics', depth);
  const around = (length: number, from: number) => Float32Array.from({ length }, () => from + random());
  const norms = flatten(layers).flatMap((layer) => (layer.op === 'norm' ? [layer] : []));
  return inferenceModel({
    layers,
    values: initialValues(parametersOf(layers), 1),
    statistics: new Map(
      norms.map(({ name, output: { channels } }) => [
        name,
        { mean: around(channels, -0.5), variance: around(channels, 0.5) },
      ]),
    ),
    manifest: {
      storage: 'encoded',
      image: IMAGE,
      classes: CLASSES,
      mean: [120, 115, 105],
      standard_deviation: [60, 58, 57],
    },
  });
}

test('every tensor gets the name that torchvision has for it, and is read back bitwise', () => {
  // Tensors of torchvision's own state dicts without the counters of batch norms: 122 - 20 and 320 - 53.
  for (const [depth, count] of [
    [18, 102],
    [50, 267],
  ] as const) {
    const model = modelOf(depth, 2);
    const tensors = tensorsOf(model);
    const names = [...tensors.keys()].map(libraryNames(networkOf(depth)));
    assert.equal(new Set(names).size, count);
    for (const name of [
      'conv1.weight',
      'bn1.running_var',
      'layer2.0.downsample.1.bias',
      'layer4.1.bn2.weight',
      'fc.bias',
    ])
      assert.ok(names.includes(name), name);
    assert.deepEqual(
      tensorsOf(readStateDict(stateDict(model, networkOf(depth)), model, networkOf(depth))),
      tensors,
    );
  }
});

test("timm's config says the size, the crop and the classes in its words, with pixels from 0 to 1", () => {
  const config = JSON.parse(JSON.stringify(timmConfig(modelOf(18, 2), 'resnet18')));
  const { pretrained_cfg: given } = config;
  assert.deepEqual([config.architecture, config.num_classes, config.label_names], ['resnet18', 3, CLASSES]);
  assert.deepEqual([given.input_size, given.crop_pct, given.interpolation], [[3, 64, 64], 0.875, 'bilinear']);
  assert.deepEqual(given.mean, [120 / 255, 115 / 255, 105 / 255]);
  assert.equal(config.model_args, undefined);
});

const torch = await installedTorch();
/** PyTorch is a download of 540 MB. Only the benchmarks need it. */
const skip = torch ? false : 'PyTorch is not in the cache; `npm run bench -- step` puts it there';
const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));

test('the code of the card loads the file strictly in torchvision and timm, which answer as ONNX Runtime does', {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-libraries-'));
  try {
    const packages = await pythonPackages('libraries', REQUIREMENTS);
    const env = { ...process.env, ...torch, PYTHONPATH: `${torch!.PYTHONPATH}:${packages}` };
    const random = randomStream(1, 'pixels');
    const pixels = Uint8Array.from({ length: 2 * 64 * 64 * 3 }, () => 256 * random());
    {
      const [depth, model] = [18, modelOf(18)] as const;
      const expected = await withOnnxRuntime(onnxFile(model), IMAGE, async (predict) => predict(pixels, 2));
      for (const [library, configOf] of [
        ['torchvision', torchvisionConfig],
        ['timm', timmConfig],
      ] as const) {
        const place = join(folder, 'full', library);
        mkdirSync(place, { recursive: true });
        writeFileSync(join(place, 'model.safetensors'), stateDict(model, networkOf(depth)));
        writeFileSync(
          join(place, 'config.json'),
          JSON.stringify(configOf(model, libraryNetwork(networkOf(depth)))),
        );
        const [, code = ''] = /```python\n([\s\S]+?)```/.exec(usageOf(library, IMAGE)) ?? [];
        const values = `torch.tensor(${JSON.stringify([...pixels])}).reshape(2, 64, 64, 3).float()`;
        writeFileSync(
          join(folder, 'ask.py'),
          `${code.replace(/torch\.zeros\(.+\)/, values)}\nprint(probabilities.flatten().tolist())`,
        );
        const answer = (await exec('python3', ['ask.py'], { cwd: folder, env })).trim().split('\n').at(-1)!;
        const found: number[] = JSON.parse(answer);
        assert.equal(found.length, expected.length);
        // Sums of float32 in another order.
        for (const [index, value] of found.entries())
          assert.ok(Math.abs(value - expected[index]!) < 1e-5, `${library} ${depth}: ${found} ${expected}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
