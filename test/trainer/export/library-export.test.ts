import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installedTorch } from '../../../bench/step/torch.js';
import type { Shape } from '../../../src/network/index.js';
import { TORCHVISION } from '../../../src/network/layouts/index.js';
import { exec } from '../../../src/provision/exec.js';
import { modelCard } from '../../../src/trainer/documents/index.js';
import type { ExportFormat } from '../../../src/trainer/export/index.js';
import { LIBRARIES } from '../../../src/trainer/export/libraries.js';
import { timmConfig } from '../../../src/trainer/export/library-config.js';
import { onnxFile } from '../../../src/trainer/export/onnx-export.js';
import { withOnnxRuntime } from '../../../src/trainer/export/onnx-runtime.js';
import { safetensorsFiles, tensorsOf } from '../../../src/trainer/export/safetensors-files.js';
import { libraryNames, readStateDict, stateDict } from '../../../src/trainer/export/state-dict.js';
import { randomStream } from '../../../src/trainer/random.js';
import { pythonPackages } from '../../support/python-packages.js';
import { codeBlocks } from '../support/document-readers.js';
import {
  LIBRARY_CLASSES as CLASSES,
  LIBRARY_IMAGE as IMAGE,
  libraryModel as modelOf,
  imagenetResnet as networkOf,
} from '../support/library-model.js';
import { WHOLE_MNIST } from '../support/small-mnist.js';
import { mnistSpec } from '../support/specs.js';

test('every tensor gets the name that torchvision has for it, and is read back bitwise', () => {
  // Tensors of torchvision's own state dicts without the counters of batch norms: 122 - 20 and 320 - 53.
  for (const [depth, count] of [
    [18, 102],
    [50, 267],
  ] as const) {
    const network = networkOf(depth, 2);
    const model = modelOf(network);
    const tensors = tensorsOf(model);
    const names = [...tensors.keys()].map(libraryNames(network, TORCHVISION));
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
      tensorsOf(readStateDict(stateDict(model, network, TORCHVISION), model, network, TORCHVISION)),
      tensors,
    );
  }
});

test("timm's config says the size, the crop and the classes in its words, with pixels from 0 to 1", () => {
  const config = JSON.parse(JSON.stringify(timmConfig(modelOf(networkOf(18, 2)), 'resnet18')));
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

/** A job's network, and the formats that its family has beside those of every network. */
const CARDS = [
  {
    model: networkOf(18),
    image: IMAGE,
    storage: 'encoded',
    libraries: ['torchvision', 'timm', 'transformers'],
  },
  {
    model: { family: 'resnet', depth: 20, width: 16, padding: 'symmetric' },
    image: { height: 24, width: 32, channels: 3 },
    storage: 'pixels',
    libraries: ['cifar-resnet'],
  },
  {
    model: { family: 'wide-resnet', depth: 10, width: 2, padding: 'symmetric' },
    image: { height: 32, width: 32, channels: 3 },
    storage: 'pixels',
    libraries: ['wide-resnet-pytorch'],
  },
] as const;

test('every Python example of a card loads its file, strictly in libraries, and answers as ONNX Runtime does', {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-libraries-'));
  try {
    const [libraries, documents] = await Promise.all([
      pythonPackages('libraries', REQUIREMENTS),
      pythonPackages('documents', fileURLToPath(new URL('../requirements.txt', import.meta.url))),
    ]);
    const definitions = fileURLToPath(new URL('../../../bench/port', import.meta.url));
    const PYTHONPATH = [torch!.PYTHONPATH, libraries, documents, definitions].join(':');
    const examples: { folder: string; code: string; shape: number[] }[] = [];
    const answers: Float32Array[] = [];
    for (const { model: network, image, storage, libraries: names } of CARDS) {
      const model = modelOf(network, image, storage);
      const random = randomStream(1, 'pixels');
      const pixels = Uint8Array.from({ length: 2 * image.height * image.width * 3 }, () => 256 * random());
      const expected = await withOnnxRuntime(onnxFile(model), image, async (predict) => predict(pixels, 2));
      const place = join(folder, network.family);
      const write = (name: string, bytes: Uint8Array | string) => {
        mkdirSync(dirname(join(place, name)), { recursive: true });
        writeFileSync(join(place, name), bytes);
      };
      write('pixels.json', JSON.stringify([...pixels]));
      write('full/model.onnx', onnxFile(model));
      const { weights, config } = safetensorsFiles(model);
      write('full/model.safetensors', weights);
      write('full/config.json', config);
      for (const name of names) {
        const { layout, config: describe } = LIBRARIES[name];
        write(`full/${name}/model.safetensors`, stateDict(model, network, layout));
        write(`full/${name}/config.json`, JSON.stringify(describe(model, network)));
      }
      for (const code of codeBlocks(cardOf(image, storage, ['onnx', 'safetensors', ...names]), 'python')) {
        examples.push({ folder: network.family, code, shape: [2, image.height, image.width, 3] });
        answers.push(expected);
      }
    }
    assert.equal(examples.length, 11);
    writeFileSync(join(folder, 'examples.json'), JSON.stringify(examples));
    const env = { ...process.env, ...torch, PYTHONPATH, HF_HUB_OFFLINE: '1' };
    const script = fileURLToPath(new URL('run_examples.py', import.meta.url));
    const lines = (await exec('python3', [script], { cwd: folder, env })).trim().split('\n');
    for (const [index, line] of lines.slice(-examples.length).entries()) {
      const { printed, probabilities } = JSON.parse(line) as { printed: string; probabilities: number[] };
      const { code } = examples[index]!;
      assert.match(printed, /\[[012]\]/, code);
      const expected = answers[index]!;
      assert.equal(probabilities.length, expected.length);
      // Sums of float32 in another order.
      for (const [at, value] of probabilities.entries())
        assert.ok(Math.abs(value - expected[at]!) < 1e-5, `${code}: ${probabilities}, not ${expected}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** The card of a job; one of photographs resizes others than `image` to it. */
function cardOf(image: Shape, storage: 'pixels' | 'encoded', formats: ExportFormat[]): string {
  const photographs = { height: 300, width: 400, channels: 3 };
  return modelCard({
    jobId: 'job_1',
    spec: {
      ...mnistSpec(),
      exports: formats,
      image_size: storage === 'encoded' ? image.height : null,
    },
    dataset: { ...WHOLE_MNIST, storage, image: storage === 'encoded' ? photographs : image },
    datasetDigest: 'sha256:0',
    codeVersion: '1',
    runtime: { tensorflow: '2', device: 'cpu' },
    networks: [
      {
        ...{ name: 'full', accuracy: 0.5, balanced_accuracy: 0.5, loss: 1, classes: [], parameters: 1 },
        ...{ multiply_adds: 1, latency: null },
        exports: formats.map((format) => ({ format, size_bytes: 1, max_difference: 0 })),
      },
    ],
    result: {},
    history: { at: '2026-01-01T00:00:00.000Z', series: [] },
    curves: null,
    endedAfter: null,
  });
}
