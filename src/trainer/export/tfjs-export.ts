import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { normalizationTable, placeImage, UNCHANGED } from '../data/augment.js';
import type { SplitReader } from '../data/index.js';
import { TrainerError } from '../errors.js';
import { evaluationBatchSize, type TrainedNetwork } from '../evaluation/index.js';
import { free, type ModelArtifacts, read, tf, upload } from '../runtime/index.js';
import { buildLayersModel, type LayersModel } from './layers-model.js';

/** The files of `tf.loadLayersModel`, and how far its answers are from the trained network's. */
export interface TfjsExport {
  readonly artifacts: readonly ArtifactOutput[];
  /** Largest absolute difference of a class probability over the images compared. */
  readonly maxDifference: number;
}

const TOLERANCE = 1e-4;
const IMAGES_COMPARED = 1000;

/**
 * Exports a trained network as a TensorFlow.js layers model: `<folder>/model.json` and `<folder>/weights.bin`. The
 * files are loaded back and compared on test images before anything is stored.
 * @throws TrainerError export_mismatch above 1e-4
 */
export async function exportTfjsLayers(
  folder: string,
  network: TrainedNetwork,
  test: SplitReader,
  blobs: BlobStore,
): Promise<TfjsExport> {
  const built = buildLayersModel({ ...partsOf(network), manifest: test.manifest });
  const files = await serialize(built);
  built.dispose();
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(files));
  const maxDifference = compare(network, loaded, test);
  loaded.dispose();
  if (!(maxDifference <= TOLERANCE)) {
    throw new TrainerError(
      'export_mismatch',
      `${folder}/model.json differs from the trained network by ${maxDifference} in a probability (limit ${TOLERANCE})`,
    );
  }
  return { artifacts: await store(folder, files, blobs), maxDifference };
}

function partsOf({ layers, values, statistics }: TrainedNetwork) {
  return { layers, values, statistics };
}

async function serialize(model: LayersModel): Promise<ModelArtifacts> {
  let files: ModelArtifacts | null = null;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      files = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return files!;
}

async function store(folder: string, files: ModelArtifacts, blobs: BlobStore): Promise<ArtifactOutput[]> {
  const description = {
    modelTopology: files.modelTopology,
    format: 'layers-model',
    generatedBy: 'Strata',
    convertedBy: null,
    weightsManifest: [{ paths: ['weights.bin'], weights: files.weightSpecs }],
  };
  const json = await blobs.put(new TextEncoder().encode(JSON.stringify(description)));
  const weights = await blobs.put(new Uint8Array(files.weightData as ArrayBuffer));
  return [
    { name: `${folder}/model.json`, kind: 'model', media_type: 'application/json', ...json },
    { name: `${folder}/weights.bin`, kind: 'weights', media_type: 'application/octet-stream', ...weights },
  ];
}

function compare(network: TrainedNetwork, model: LayersModel, test: SplitReader): number {
  let largest = 0;
  const batchSize = evaluationBatchSize(test.manifest.image);
  for (let start = 0; start < Math.min(IMAGES_COMPARED, test.count); start += batchSize) {
    const pixels = readPixels(test, start, Math.min(batchSize, test.count - start));
    const ours = probabilities(network, test, pixels);
    const theirs = predict(model, test, pixels);
    theirs.forEach((value, index) => {
      const difference = Math.abs(value - ours[index]!);
      // Math.max hands a NaN on: it must not pass for agreement.
      largest = Math.max(largest, difference);
    });
  }
  return largest;
}

function readPixels(reader: SplitReader, start: number, count: number): Uint8Array {
  const pixels = new Uint8Array(count * reader.imageBytes);
  for (let index = 0; index < count; index++) {
    reader.readImage(
      start + index,
      pixels.subarray(index * reader.imageBytes, (index + 1) * reader.imageBytes),
    );
  }
  return pixels;
}

function probabilities(network: TrainedNetwork, reader: SplitReader, pixels: Uint8Array): Float32Array {
  const { image, mean, standard_deviation } = reader.manifest;
  const table = normalizationTable(mean, standard_deviation);
  const values = new Float32Array(pixels.length);
  for (let offset = 0; offset < pixels.length; offset += reader.imageBytes) {
    placeImage(pixels.subarray(offset, offset + reader.imageBytes), image, table, UNCHANGED, values, offset);
  }
  const images = upload(values, [
    pixels.length / reader.imageBytes,
    image.height,
    image.width,
    image.channels,
  ]);
  const logits = network.infer(images);
  const result = softmaxRows(read(logits), logits.shape[1]!);
  free(images, logits);
  return result;
}

function predict(model: LayersModel, reader: SplitReader, pixels: Uint8Array): Float32Array {
  const { height, width, channels } = reader.manifest.image;
  return tf.tidy(() => {
    const input = tf.tensor(Float32Array.from(pixels), [
      pixels.length / reader.imageBytes,
      height,
      width,
      channels,
    ]);
    return (model.predict(input) as tf.Tensor).dataSync() as Float32Array;
  });
}

function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const result = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const exponentials = Float64Array.from(row, (value) => Math.exp(value - largest));
    const total = exponentials.reduce((a, b) => a + b, 0);
    exponentials.forEach((value, index) => {
      result[start + index] = value / total;
    });
  }
  return result;
}
