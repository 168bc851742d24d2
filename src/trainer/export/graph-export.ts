import { type ModelArtifacts, tf } from '../runtime/index.js';
import type { Exported, ExportRequest, FurtherOutput } from './exported.js';
import { joinedBytes, weightSpecOf } from './graph-format.js';
import { buildGraphModel } from './graph-model.js';
import type { InferenceModel } from './inference-layers.js';
import { metadataOf, outputsOf } from './metadata.js';
import { predictWith, storeTfjs } from './tfjs-files.js';

/**
 * Exports a network as a TensorFlow.js graph model: `<folder>/graph-model/model.json` and `weights.bin`. Before
 * anything is stored, the files are loaded again and compared on test images. @throws TrainerError export_mismatch
 * above 1e-4
 */
export async function exportTfjsGraph(request: ExportRequest): Promise<Exported> {
  const { model, outputs, answers, blobs } = request;
  const folder = `${request.folder}/graph-model`;
  const files = graphModelFiles(model, outputs);
  const loaded = await tf.loadGraphModel(tf.io.fromMemory(files));
  try {
    const maxDifference = await answers.compare(`${folder}/model.json`, predictWith(loaded, model.manifest));
    return { artifacts: await storeTfjs(folder, files, blobs), maxDifference, rounded: null };
  } finally {
    loaded.dispose();
  }
}

/** The files that `tf.loadGraphModel` reads. */
export function graphModelFiles(
  model: InferenceModel,
  outputs: readonly FurtherOutput[] = [],
): ModelArtifacts {
  const { nodes, weights, signature } = buildGraphModel(model, outputs);
  const bytes = joinedBytes(weights);
  return {
    format: 'graph-model',
    // Graph version since TensorFlow 2.0, which knows all these ops.
    modelTopology: { node: nodes, library: {}, versions: { producer: 175 } },
    signature: signature as NonNullable<ModelArtifacts['signature']>,
    userDefinedMetadata: { ...metadataOf(model.manifest), ...outputsOf(outputs) },
    weightSpecs: weights.map(weightSpecOf),
    weightData: new Uint8Array(bytes).buffer,
  };
}
