import { type ModelArtifacts, tf } from '../runtime/index.js';
import type { Exported, ExportRequest } from './exported.js';
import type { InferenceModel } from './inference-layers.js';
import { buildLayersModel, type LayersModel } from './layers-model.js';
import { metadataOf } from './metadata.js';
import { predictWith, storeTfjs } from './tfjs-files.js';

/**
 * Exports a network as a TensorFlow.js layers model: `<folder>/model.json` and `<folder>/weights.bin`. Before
 * anything is stored, the files are loaded again and compared on test images. @throws TrainerError export_mismatch
 * above 1e-4
 */
export async function exportTfjsLayers(request: ExportRequest): Promise<Exported> {
  const { folder, model, answers, blobs } = request;
  const files = await layersModelFiles(model);
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(files));
  try {
    const maxDifference = await answers.compare(`${folder}/model.json`, predictWith(loaded, model.manifest));
    return { artifacts: await storeTfjs(folder, files, blobs), maxDifference, rounded: null };
  } finally {
    loaded.dispose();
  }
}

/** The files that `tf.loadLayersModel` reads. */
export async function layersModelFiles(model: InferenceModel): Promise<ModelArtifacts> {
  const built = buildLayersModel(model);
  try {
    return { ...(await serialize(built)), userDefinedMetadata: metadataOf(model.manifest) };
  } finally {
    built.dispose();
  }
}

async function serialize(model: LayersModel): Promise<ModelArtifacts> {
  let files: ModelArtifacts | null = null;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      files = { ...artifacts, format: 'layers-model' };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return files!;
}
