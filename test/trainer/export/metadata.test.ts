import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { centreSize } from '../../../src/images/decode.js';
import { modelInputOf, preparationOf } from '../../../src/images/preparation.js';
import { graphModelFiles } from '../../../src/trainer/export/graph-export.js';
import type { InferenceModel } from '../../../src/trainer/export/inference-layers.js';
import { inferenceModel } from '../../../src/trainer/export/lower.js';
import { onnxFile } from '../../../src/trainer/export/onnx-export.js';
import { safetensorsFiles } from '../../../src/trainer/export/safetensors-files.js';
import { readSafetensors } from '../../../src/trainer/export/safetensors-reader.js';
import { layersModelFiles } from '../../../src/trainer/export/tfjs-export.js';
import { storeTfjs } from '../../../src/trainer/export/tfjs-files.js';
import { type ModelArtifacts, tf } from '../../../src/trainer/runtime/index.js';
import { runPython } from '../support/document-readers.js';
import { smallModel } from '../support/model-source.js';
import { withBlobs } from '../support/run-plan.js';

const { source } = smallModel('resnet');
const CLASSES = source.manifest.classes;
const PIXELS = inferenceModel(source);
const PHOTOGRAPHS = inferenceModel({ ...source, manifest: { ...source.manifest, storage: 'encoded' } });
const PREPARATION = preparationOf('encoded', source.manifest.image)!;

const PHOTOGRAPH = modelInputOf(source.manifest.image, PREPARATION, 'inside');
const PIXEL = modelInputOf(source.manifest.image, null, 'inside');

test('an input says what becomes of a picture: its size, crop, colors, alpha and normalization', () => {
  const { height, width } = source.manifest.image;
  const { crop_share: share, normalization, alpha, colors, ...rest } = PHOTOGRAPH;
  assert.deepEqual([rest.height, rest.width, share, PIXEL.crop_share], [height, width, 0.875, 1]);
  assert.deepEqual([normalization, alpha, colors], ['inside', 'black', 'RGB']);
  assert.equal(modelInputOf({ height: 28, width: 28, channels: 1 }, null, 'inside').colors, 'gray');
});

test('the stated resize and crop are those that evaluation applies, for wide, high and small photographs', () => {
  const shape = { height: 224, width: 224, channels: 3 };
  const { resize, center_crop } = preparationOf('encoded', shape)!;
  assert.deepEqual([resize.height, resize.width], [256, 256]);
  assert.deepEqual(center_crop, { height: 224, width: 224 });
  for (const [width, height] of [
    [500, 375],
    [375, 500],
    [40, 30],
  ] as const) {
    const size = centreSize({ width, height }, shape);
    assert.equal(Math.min(size.width, size.height), resize.height);
  }
  assert.equal(preparationOf('pixels', shape), null);
});

test('model.json of both TensorFlow.js formats states the resize and crop to its loader', async () => {
  assert.deepEqual(await layersMetadata(PHOTOGRAPHS), {
    classes: CLASSES,
    input: PHOTOGRAPH,
    preparation: PREPARATION,
  });
  assert.deepEqual(await graphMetadata(PHOTOGRAPHS), {
    classes: CLASSES,
    input: PHOTOGRAPH,
    preparation: PREPARATION,
  });
  assert.deepEqual(await layersMetadata(PIXELS), { classes: CLASSES, input: PIXEL });
  assert.deepEqual(await graphMetadata(PIXELS), { classes: CLASSES, input: PIXEL });
});

async function layersMetadata(model: InferenceModel): Promise<unknown> {
  const loaded = await tf.loadLayersModel(await stored(await layersModelFiles(model)));
  const metadata = loaded.getUserDefinedMetadata();
  loaded.dispose();
  return metadata;
}

async function graphMetadata(model: InferenceModel): Promise<unknown> {
  const loaded = await tf.loadGraphModel(await stored(graphModelFiles(model)));
  const { metadata } = loaded;
  loaded.dispose();
  return metadata;
}

/** The files as stored by an export and read again. */
async function stored(files: ModelArtifacts): Promise<ReturnType<typeof tf.io.fromMemory>> {
  const read: Buffer[] = [];
  await withBlobs(async (blobs) => {
    for (const { uri } of await storeTfjs('full', files, blobs)) read.push(Buffer.from(await blobs.get(uri)));
  });
  const { weightsManifest, ...description } = JSON.parse(String(read[0]));
  const weightData = new Uint8Array(read[1]!).buffer;
  return tf.io.fromMemory({ ...description, weightSpecs: weightsManifest[0].weights, weightData });
}

test('config.json states the resize and crop, and a reader keeps them', () => {
  const config = JSON.parse(new TextDecoder().decode(safetensorsFiles(PHOTOGRAPHS).config));
  assert.deepEqual(config.preparation, PREPARATION);
  assert.deepEqual(config.input, { ...PHOTOGRAPH, normalization: 'outside' });
  assert.deepEqual(readSafetensors(safetensorsFiles(PHOTOGRAPHS)).manifest.preparation, PREPARATION);
  assert.equal(readSafetensors(safetensorsFiles(PIXELS)).manifest.preparation, null);
});

test('ONNX Runtime finds the resize and crop in the metadata of the model', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-metadata-'));
  try {
    writeFileSync(join(folder, 'photographs.onnx'), onnxFile(PHOTOGRAPHS));
    writeFileSync(join(folder, 'pixels.onnx'), onnxFile(PIXELS));
    const code = `
import json, onnxruntime
for name in ("photographs", "pixels"):
    metadata = onnxruntime.InferenceSession(f"{name}.onnx").get_modelmeta().custom_metadata_map
    print(json.dumps({key: json.loads(value) for key, value in metadata.items()}))`;
    const [photographs, pixels] = (await runPython(code, folder)).trim().split('\n');
    assert.deepEqual(JSON.parse(photographs!), {
      classes: CLASSES,
      input: PHOTOGRAPH,
      preparation: PREPARATION,
    });
    assert.deepEqual(JSON.parse(pixels!), { classes: CLASSES, input: PIXEL });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
