import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ModelVariantName } from '../../../src/contract/client/models.js';
import { decodePredictions, predictionsFile } from '../../../src/contract/test-predictions.js';
import { createSession, Tensor as OnnxTensor } from '../../../src/onnx/runtime.js';
import { exec } from '../../../src/provision/exec.js';
import { decodeSafetensors } from '../../../src/trainer/checkpoint/index.js';
import type { FurtherOutput } from '../../../src/trainer/export/exported.js';
import { foldNorms } from '../../../src/trainer/export/fold-norms.js';
import { graphModelFiles } from '../../../src/trainer/export/graph-export.js';
import { buildGraphModel } from '../../../src/trainer/export/graph-model.js';
import type { InferenceModel } from '../../../src/trainer/export/inference-layers.js';
import { buildLayersModel } from '../../../src/trainer/export/layers-model.js';
import { onnxFile } from '../../../src/trainer/export/onnx-export.js';
import { buildOnnxGraph } from '../../../src/trainer/export/onnx-graph.js';
import { safetensorsFiles } from '../../../src/trainer/export/safetensors-files.js';
import { readSafetensors } from '../../../src/trainer/export/safetensors-reader.js';
import { type Tfjs, tf } from '../../../src/trainer/runtime/index.js';
import { codeBlocks, download, readDocuments, runPython } from '../support/document-readers.js';
import { type Exported, withExports } from '../support/exported-model.js';
import { smallModel } from '../support/model-source.js';
import { onnxPackage } from '../support/onnx-package.js';
import { CLASSES } from '../support/small-network.js';

const IMAGES = 500;
const FAMILIES = ['resnet', 'wide-resnet', 'imagenet-resnet', 'ode-resnet'] as const;

test('a job exports the full and the compact model in every format it names', async () => {
  await withExports(IMAGES, async (exported) => {
    const files = [
      'config.json',
      'graph-model/model.json',
      'graph-model/weights.bin',
      'model.json',
      'model.onnx',
      'model.safetensors',
      ...['onnx-float16/model.onnx', 'onnx-int8/model.onnx'],
      ...['tfjs-graph-int8/model.json', 'tfjs-graph-int8/weights.bin'],
      'weights.bin',
    ];
    const named = ['compact', 'full'].flatMap((network) => files.map((file) => `${network}/${file}`));
    const documents = [
      ...['README.md', 'curves.svg', 'report.json', 'tensorboard/events.out.tfevents.strata'],
      'weights.safetensors',
      ...['predictions/compact.safetensors', 'predictions/full.safetensors'],
    ];
    assert.deepEqual([...exported.artifacts.keys()].sort(), [...named, ...documents].sort());
    for (const name of ['full', 'compact'] as const) {
      await checkPredictions(exported, name);
      const accuracy = await loadedAccuracy(exported, name);
      const reported = exported.result[name === 'full' ? 'test_accuracy' : 'compact_accuracy']!;
      // The first 500 images of 10,000: five standard deviations of a share of 500.
      assert.ok(
        Math.abs(accuracy - reported) < 5 * Math.sqrt(0.25 / IMAGES),
        `${name}: ${accuracy}, ${reported}`,
      );
      for (const format of ['', '_graph', '_onnx', '_safetensors']) {
        assert.ok(exported.result[`export_difference_${name}${format}`]! <= 1e-4);
      }
      await checkSafetensors(exported, name);
    }
    const report = JSON.parse((await exported.file('report.json')).toString());
    assert.deepEqual(report.result, exported.result);
    assert.equal(report.stages.length, 2);
    assert.deepEqual(report.networks, exported.networks);
    checkNetworks(exported);
    await checkDocuments(exported);
  });
});

/** Counted in the stored predictions, the accuracy is the reported one. */
async function checkPredictions(exported: Exported, name: ModelVariantName): Promise<void> {
  const { labels, classes } = decodePredictions(await exported.file(predictionsFile(name)));
  const kept = classes.length / labels.length;
  assert.equal(kept, 3);
  const correct = labels.filter((label, image) => classes[image * kept] === label).length;
  const reported = exported.result[name === 'full' ? 'test_accuracy' : 'compact_accuracy'];
  assert.equal(correct / labels.length, reported);
}

/** Side by side: what the finalizer weighs the networks by. */
function checkNetworks({ networks, result, artifacts }: Exported): void {
  assert.deepEqual(
    networks.map(({ name, accuracy }) => [name, accuracy]),
    [
      ['full', result.test_accuracy],
      ['compact', result.compact_accuracy],
    ],
  );
  for (const { name, exports, latency } of networks) {
    const onnx = exports.find(({ format }) => format === 'onnx');
    assert.equal(onnx?.size_bytes, artifacts.get(`${name}/model.onnx`)?.size_bytes);
    assert.equal(onnx?.max_difference, result[`export_difference_${name}_onnx`]);
    assert.ok(latency && latency.single_ms > 0 && latency.batch_ms > 0);
  }
  const [full, compact] = networks;
  assert.ok(compact!.parameters < full!.parameters && compact!.multiply_adds < full!.multiply_adds);
}

/** The Hub's own reader, TensorBoard's, and the card's ONNX example as it is pasted. */
async function checkDocuments(exported: Exported): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-documents-'));
  try {
    await download(exported, folder);
    const { card, scalars } = await readDocuments(folder);
    assert.deepEqual([card.license, card.library_name, card.datasets], [null, 'onnx', ['mnist']]);
    const accuracy = ['mnist', 'test', 'Accuracy, full network', exported.result.test_accuracy];
    assert.deepEqual(card.results[0], accuracy);
    for (const { name, stage, step, value } of exported.samples) {
      const points = scalars[`${name}/${stage === null ? 'network' : `stage_${stage}`}`]!;
      // Event files hold float32.
      assert.ok(
        points.some(([at, read]) => at === step && read === Math.fround(value)),
        `${name} at ${step}`,
      );
    }
    const [, lastLoss] = scalars['loss/stage_1']!;
    assert.equal(lastLoss![2], 1e9 + lastLoss![0], 'the time of a point is kept');
    const readme = String(await exported.file('README.md'));
    assert.match(readme, /in ONNX and in graph models also logits and features\./);
    assert.match(readme, /`model\.execute\(pixels, \['logits', 'features'\]\)`/);
    const [onnx] = codeBlocks(readme, 'python');
    assert.match(onnx!, /\[probabilities, logits, features\] = session\.run/);
    assert.match(await runPython(onnx!, folder), /^\[\d\]\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a kernel that the steps of a solver share is stored once, and where batch norms are folded for each use', () => {
  const { model } = smallModel('ode-resnet');
  const kernels = (form: InferenceModel) =>
    buildOnnxGraph(form).initializers.filter(({ name }) => /^block0\/.*kernel$/.test(name)).length;
  const constants = (form: InferenceModel) =>
    buildGraphModel(form).weights.filter(({ name }) => /^block0\/.*kernel$/.test(name)).length;
  // Two convolutions; two steps of two evaluations.
  assert.deepEqual([kernels(model), constants(model)], [2, 2]);
  assert.deepEqual([kernels(foldNorms(model)), constants(foldNorms(model))], [8, 8]);
  const { tensors } = decodeSafetensors(safetensorsFiles(model).weights);
  assert.equal([...tensors.keys()].filter((name) => /^block0\.conv\d\.weight$/.test(name)).length, 2);
});

test('a model file does not depend on how many models its process has made before', () => {
  const topology = (): unknown => {
    const model = buildLayersModel(smallModel('resnet').model);
    const json: unknown = model.toJSON(null, false);
    model.dispose();
    return json;
  };
  assert.deepEqual(topology(), topology());
});

const FORMS: Readonly<Record<string, (model: InferenceModel) => InferenceModel>> = {
  'as trained': (model) => model,
  folded: foldNorms,
};

for (const family of FAMILIES) {
  for (const [form, padding, written] of Object.entries(FORMS).flatMap(([name, make]) =>
    (['same', 'symmetric'] as const).map((rule) => [name, rule, make] as const),
  )) {
    test(`${family} ${form}, ${padding} padding: every format computes what the trained network computes`, async () => {
      const { pixels, shape, probabilities, ...small } = smallModel(family, padding);
      const model = written(small.model);
      assertClose(predictTfjs(buildLayersModel(model), pixels, shape), probabilities);
      const graph = await tf.loadGraphModel(tf.io.fromMemory(graphModelFiles(model)));
      assertClose(predictTfjs(graph, pixels, shape), probabilities);
      assertClose(await predictOnnx(onnxFile(model), pixels, shape), probabilities);
      const readBack = readSafetensors(safetensorsFiles(model));
      assertClose(await predictOnnx(onnxFile(readBack), pixels, shape), probabilities);
    });
  }

  test(`${family}: logits and features are outputs where a job asks for them`, async () => {
    const { pixels, shape, probabilities, ...small } = smallModel(family);
    for (const model of [small.model, foldNorms(small.model)]) {
      const outputs = ['logits', 'features'] as const;
      const session = await createSession(onnxFile(model, outputs), { intraOpNumThreads: 1 });
      assert.deepEqual(session.outputNames, ['probabilities', ...outputs]);
      const answer = await session.run({ pixels: new OnnxTensor('float32', pixels, shape) });
      await session.release();
      const [logits, features] = outputs.map((name) => answer[name]!.data as Float32Array);
      assertClose(answer.probabilities!.data as Float32Array, probabilities);
      assertClose(softmaxRows(logits!), probabilities);
      const head = model.layers.at(-1)!;
      assert.ok(head.op === 'dense');
      const { inputs, kernel, bias } = head;
      const products = Array.from(logits!, (_, index) => {
        const [image, output] = [Math.floor(index / CLASSES), index % CLASSES];
        const row = features!.subarray(image * inputs, (image + 1) * inputs);
        return row.reduce((sum, value, i) => sum + value * kernel[i * CLASSES + output]!, bias[output]!);
      });
      assertClose(logits!, products);

      const graph = await tf.loadGraphModel(tf.io.fromMemory(graphModelFiles(model, outputs)));
      const executed = tf.tidy(() =>
        (graph.execute(tf.tensor(pixels, [...shape]), [...outputs]) as Tfjs['Tensor'][]).map((x) =>
          x.dataSync(),
        ),
      );
      assertClose(executed[0] as Float32Array, [...logits!]);
      assertClose(executed[1] as Float32Array, [...features!]);
      // `predict` still answers the probabilities alone.
      assertClose(predictTfjs(graph, pixels, shape), probabilities);
    }
    assert.equal(Object.hasOwn(metadataIn(small.model, []), 'outputs'), false);
    assert.deepEqual(metadataIn(small.model, ['logits']).outputs, ['probabilities', 'logits']);
  });

  test(`${family}: folded, no format has a batch norm any more, and as trained each has`, () => {
    const { model } = smallModel(family);
    for (const ops of opsOf(model)) assert.ok(ops.some(isNorm), ops.join());
    for (const ops of opsOf(foldNorms(model))) assert.ok(!ops.some(isNorm), ops.join());
  });
}

const metadataIn = (model: InferenceModel, outputs: readonly FurtherOutput[]): Record<string, unknown> =>
  graphModelFiles(model, outputs).userDefinedMetadata ?? {};

function softmaxRows(logits: Float32Array): Float32Array {
  const powers = logits.map((value) => Math.exp(value));
  return powers.map((power, index) => {
    const start = index - (index % CLASSES);
    return power / powers.subarray(start, start + CLASSES).reduce((sum, each) => sum + each, 0);
  });
}

const isNorm = (op: string): boolean => /norm/i.test(op);

/** Operations in the file of each format. */
function opsOf(model: InferenceModel): string[][] {
  const layers = buildLayersModel(model);
  const classes = layers.layers.map((layer) => layer.getClassName());
  layers.dispose();
  const config = new TextDecoder().decode(safetensorsFiles(model).config);
  return [
    classes,
    buildGraphModel(model).nodes.map(({ op }) => op),
    buildOnnxGraph(model).nodes.map(({ op }) => op),
    [...config.matchAll(/"op": "([^"]+)"/g)].map(([, op]) => op!),
  ];
}

function predictTfjs(
  model: Pick<Tfjs['LayersModel'] | Tfjs['GraphModel'], 'dispose'> & {
    predict(input: Tfjs['Tensor']): unknown;
  },
  pixels: Float32Array,
  shape: readonly number[],
): Float32Array {
  const values = tf.tidy(() => (model.predict(tf.tensor(pixels, [...shape])) as Tfjs['Tensor']).dataSync());
  model.dispose();
  return values as Float32Array;
}

async function predictOnnx(
  bytes: Uint8Array,
  pixels: Float32Array,
  shape: readonly number[],
): Promise<Float32Array> {
  const session = await createSession(bytes, { intraOpNumThreads: 1 });
  const answer = await session.run({ pixels: new OnnxTensor('float32', pixels, shape) });
  await session.release();
  return answer.probabilities!.data as Float32Array;
}

test('the checker of the ONNX project accepts the files', async () => {
  const dir = await onnxPackage();
  const folder = mkdtempSync(join(tmpdir(), 'strata-onnx-'));
  try {
    const files = FAMILIES.flatMap((family) => {
      const { model } = smallModel(family);
      return [model, foldNorms(model)].map((written, index) => {
        const path = join(folder, `${family}-${index}.onnx`);
        writeFileSync(path, onnxFile(written));
        return path;
      });
    });
    const check = 'import onnx, sys\nfor f in sys.argv[1:]: onnx.checker.check_model(f, full_check=True)';
    await exec('python3', ['-c', check, ...files], { env: { ...process.env, PYTHONPATH: dir } });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Roundings of another order of additions. */
function assertClose(actual: Float32Array, expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, index) => {
    assert.ok(Math.abs(value - actual[index]!) < 1e-5, `${actual[index]} at ${index}, not ${value}`);
  });
}

/** Its tensors are those that config.json's layers name. */
async function checkSafetensors(exported: Exported, name: string): Promise<void> {
  const { tensors } = decodeSafetensors(await exported.file(`${name}/model.safetensors`));
  const config = JSON.parse((await exported.file(`${name}/config.json`)).toString());
  const named = new Set([...JSON.stringify(config.layers).matchAll(/"name":"([^"]+)"/g)].map(([, n]) => n));
  for (const tensor of tensors.keys()) assert.ok(named.has(tensor.slice(0, tensor.lastIndexOf('.'))), tensor);
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
    return (model.predict(images) as Tfjs['Tensor']).argMax(1).dataSync();
  });
  model.dispose();
  return exported.labels.filter((label, index) => label === predicted[index]).length / IMAGES;
}
