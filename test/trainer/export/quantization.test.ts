import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exec } from '../../../src/provision/exec.js';
import type { SplitReader } from '../../../src/trainer/data/index.js';
import { foldNorms } from '../../../src/trainer/export/fold-norms.js';
import type { InferenceModel } from '../../../src/trainer/export/inference-layers.js';
import { onnxFile } from '../../../src/trainer/export/onnx-export.js';
import { buildOnnxGraph } from '../../../src/trainer/export/onnx-graph.js';
import { withOnnxRuntime } from '../../../src/trainer/export/onnx-runtime.js';
import { bytesOf, int8Graph } from '../../../src/trainer/export/quantization/int8-graph.js';
import { quantizeBias, quantizeWeight } from '../../../src/trainer/export/quantization/int8-weights.js';
import { float16File, int8File } from '../../../src/trainer/export/quantization/onnx-exports.js';
import { quantizedValues } from '../../../src/trainer/export/quantization/quantized-values.js';
import { int8Files } from '../../../src/trainer/export/quantization/tfjs-int8-export.js';
import { toHalf } from '../../../src/trainer/export/quantization/to-half.js';
import { predictWith } from '../../../src/trainer/export/tfjs-files.js';
import { randomStream } from '../../../src/trainer/random.js';
import { tf } from '../../../src/trainer/runtime/index.js';
import { pythonPackages } from '../../support/python-packages.js';
import { smallModel } from '../support/model-source.js';
import { onnxPackage } from '../support/onnx-package.js';

const FAMILIES = ['resnet', 'wide-resnet', 'imagenet-resnet', 'ode-resnet'] as const;
const IMAGES = 64;
const PEER = fileURLToPath(new URL('./peer_int8.py', import.meta.url));

// Oracle of exports onnx-float16: every float16, decoded as IEEE 754 says.
test('a number becomes the nearest float16, the even one of two', () => {
  const decoded = Array.from({ length: 0x7c00 }, (_, word) => {
    const [exponent, fraction] = [word >> 10, word & 0x3ff];
    return exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  const words = Uint16Array.from(decoded.keys());
  assert.deepEqual(toHalf(Float32Array.from(decoded)), words);
  assert.deepEqual(
    toHalf(Float32Array.from(decoded, (value) => -value)).subarray(1),
    words.map((word) => word | 0x8000).subarray(1),
  );
  const middles = Float32Array.from(decoded.slice(1), (value, index) => (value + decoded[index]!) / 2);
  assert.deepEqual(
    toHalf(middles),
    Uint16Array.from(middles, (_, index) => (index % 2 === 0 ? index : index + 1)),
  );
  const below = middles.map((value) => value * (1 - 2 ** -20));
  assert.deepEqual(toHalf(below), Uint16Array.from(below.keys()));
  assert.deepEqual(toHalf(Float32Array.of(1e6, -1e6)), Uint16Array.of(0x7bff, 0xfbff));
});

// Oracle of exports onnx-int8: scale x integer is the weight, within half a scale.
test('a kernel becomes integers with a scale per output channel, and a bias integers of the product of both scales', () => {
  const shape = [3, 2, 1, 1];
  const values = Float32Array.of(0.5, -1.27, 0, 0, 1e-6, -2e-6);
  const biases = Float32Array.of(0.1, 0, 300);
  const inputScale = 0.01;
  const weight = quantizeWeight({ values, shape }, 0, inputScale, biases);
  assert.deepEqual([...weight.values.slice(0, 4)], [50, -127, 0, 0]);
  values.forEach((value, index) => {
    const scale = weight.scales[Math.floor(index / 2)]!;
    assert.ok(Math.abs(value - scale * weight.values[index]!) <= scale * 0.5000001, `weight ${index}`);
  });
  const scales = weight.scales.map((scale) => scale * inputScale);
  const integers = quantizeBias(biases, scales);
  biases.forEach((bias, channel) => {
    const restored = integers[channel]! * scales[channel]!;
    assert.ok(
      Math.abs(restored - bias) <= Math.max(scales[channel]!, 1e-6 * bias),
      `bias ${channel}: ${restored}`,
    );
  });
  const columns = quantizeWeight({ values: Float32Array.of(1, 2, 3, -4), shape: [2, 2] }, 1, 1, null);
  assert.deepEqual(columns.scales, Float32Array.of(3 / 127, 4 / 127));
});

test('the byte of zero is exact, also in a range without extent', () => {
  for (const range of [
    { min: -0.31, max: 1.7 },
    { min: 0, max: 5 },
    { min: -2, max: 0 },
    { min: 0, max: 0 },
  ]) {
    const { scale, zero } = bytesOf(range);
    assert.ok(zero >= 0 && zero <= 255 && Number.isInteger(zero));
    assert.ok(range.max <= scale * (255 - zero) + scale / 2 && range.min >= -scale * zero - scale / 2);
  }
});

for (const family of FAMILIES) {
  test(`${family}: files with rounded weights answer as ONNX Runtime's own tool makes them answer`, async () => {
    const { model, shape: one } = smallModel(family, 'symmetric');
    const shape = [IMAGES, ...one.slice(1)];
    const random = randomStream(7);
    const size = shape.reduce((product, side) => product * side, 1);
    const images = Uint8Array.from({ length: size }, () => Math.floor(256 * random()));
    const train = imagesOf(images, shape, model);
    const int8 = await int8File(model, train);
    const peer = await quantizedByPeer(onnxFile(foldNorms(model)), int8, images, shape);
    const convolutions = buildOnnxGraph(model).nodes.filter(({ op }) => op === 'Conv').length;
    assert.equal(peer.kernels, convolutions);
    assert.ok(peer.integers <= 1, `integers of a kernel differ by ${peer.integers}`);
    // Both round the same weights and nearly the same activations: the peer the logits too, ours not the norms on their own.
    assert.ok(peer.ours > 0 && peer.ours <= 1.5 * peer.theirs, `${peer.ours}, by the peer ${peer.theirs}`);
    const answers = (file: Uint8Array) =>
      withOnnxRuntime(file, train.manifest.image, async (predict) => predict(images, IMAGES));
    const exact = await answers(onnxFile(model));
    assertWithin(await answers(float16File(model)), exact, 0.01);
    const loaded = await tf.loadGraphModel(tf.io.fromMemory(int8Files(model)));
    assertWithin(await predictWith(loaded, model.manifest)(images, IMAGES), exact, 0.1);
    loaded.dispose();
  });
}

test('every activation that an operation on bytes reads is rounded, and the logits are not', () => {
  const graph = buildOnnxGraph(foldNorms(smallModel('imagenet-resnet').model));
  const names = quantizedValues(graph);
  const written = int8Graph(graph, new Map(names.map((name) => [name, { min: -1, max: 3 }])));
  const rounds = written.nodes.filter(({ op }) => op === 'QuantizeLinear');
  assert.equal(rounds.length, names.length);
  for (const node of written.nodes.filter(({ op }) => ['Conv', 'Gemm', 'MaxPool'].includes(op)))
    for (const input of node.inputs) assert.match(input, /\/float$/, `${node.name} reads ${input}`);
  assert.deepEqual(written.nodes.at(-1)?.inputs, graph.nodes.at(-1)?.inputs);
});

interface Peer {
  readonly ours: number;
  readonly theirs: number;
  readonly kernels: number;
  readonly integers: number;
}

async function quantizedByPeer(
  exact: Uint8Array,
  int8: Uint8Array,
  images: Uint8Array,
  shape: readonly number[],
): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-int8-'));
  try {
    const path = (name: string) => join(folder, name);
    writeFileSync(path('exact.onnx'), exact);
    writeFileSync(path('int8.onnx'), int8);
    const data = { shape: shape.slice(1), calibration: [...images], images: [...images] };
    writeFileSync(path('images.json'), JSON.stringify(data));
    const files = [path('exact.onnx'), path('int8.onnx'), path('images.json')];
    const documents = await pythonPackages(
      'documents',
      fileURLToPath(new URL('../requirements.txt', import.meta.url)),
    );
    const env = { ...process.env, PYTHONPATH: `${documents}:${await onnxPackage()}` };
    return JSON.parse((await exec('python3', [PEER, ...files], { env })).trim().split('\n').at(-1)!) as Peer;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A split that holds these images only. */
function imagesOf(pixels: Uint8Array, shape: readonly number[], { manifest }: InferenceModel): SplitReader {
  const [count, height, width, channels] = shape as [number, number, number, number];
  const imageBytes = height * width * channels;
  return {
    manifest: { name: 'images', storage: 'pixels', ...manifest, image: { height, width, channels } },
    labels: new Uint16Array(count),
    ...{ count, imageBytes, lanes: 1 },
    readImage: (index, target) => target.set(pixels.subarray(index * imageBytes, (index + 1) * imageBytes)),
    close: () => {},
  };
}

function assertWithin(actual: Float32Array, expected: Float32Array, limit: number): void {
  assert.equal(actual.length, expected.length);
  const largest = Math.max(...expected.map((value, index) => Math.abs(value - actual[index]!)));
  assert.ok(largest <= limit, `differs by ${largest}`);
}
