import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { SplitReader } from '../data/index.js';
import type { TrainedNetwork } from '../evaluation/index.js';
import { type ModelArtifacts, tf } from '../runtime/index.js';
import type { Exported } from './exported.js';
import { buildLayersModel, type LayersModel } from './layers-model.js';
import { checkParity, type Predict } from './parity.js';

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
): Promise<Exported> {
  const built = buildLayersModel({ ...network.parts(), manifest: test.manifest });
  const files = await serialize(built);
  built.dispose();
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(files));
  try {
    const predict: Predict = (pixels, count) => predictWith(loaded, test, pixels, count);
    const maxDifference = await checkParity(`${folder}/model.json`, predict, network, test);
    return { artifacts: await store(folder, files, blobs), maxDifference };
  } finally {
    loaded.dispose();
  }
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

function predictWith(
  model: LayersModel,
  { manifest }: SplitReader,
  pixels: Uint8Array,
  count: number,
): Float32Array {
  const { height, width, channels } = manifest.image;
  return tf.tidy(() => {
    const input = tf.tensor(Float32Array.from(pixels), [count, height, width, channels]);
    return (model.predict(input) as tf.Tensor).dataSync() as Float32Array;
  });
}
