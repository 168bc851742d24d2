import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { Exported, ExportRequest } from './exported.js';
import type { InferenceModel } from './inference-layers.js';
import { timmConfig, torchvisionConfig } from './library-config.js';
import { onnxFile } from './onnx-export.js';
import { withOnnxRuntime } from './onnx-runtime.js';
import { libraryNetwork, readStateDict, stateDict } from './state-dict.js';

/**
 * Exports a network as a state dict that a library loads strictly: `<folder>/<library>/model.safetensors` and `config.json`
 * beside it. The file is read again, and ONNX Runtime compares the result on test images before it is stored.
 * @throws TrainerError export_mismatch above 1e-4
 */
async function exportForLibrary(
  library: string,
  configOf: (model: InferenceModel, architecture: string) => object,
  { folder, model, network, answers, blobs }: ExportRequest,
): Promise<Exported> {
  const name = `${folder}/${library}/model.safetensors`;
  const weights = stateDict(model, network);
  const maxDifference = await withOnnxRuntime(
    onnxFile(readStateDict(weights, model, network)),
    model.manifest.image,
    (predict) => answers.compare(name, predict),
  );
  const config = `${JSON.stringify(configOf(model, libraryNetwork(network)), null, 2)}\n`;
  const artifacts: ArtifactOutput[] = [
    { name, kind: 'weights', media_type: 'application/octet-stream', ...(await blobs.put(weights)) },
    {
      name: `${folder}/${library}/config.json`,
      kind: 'model',
      media_type: 'application/json',
      ...(await blobs.put(new TextEncoder().encode(config))),
    },
  ];
  return { artifacts, maxDifference };
}

export const exportTorchvision = (request: ExportRequest): Promise<Exported> =>
  exportForLibrary('torchvision', torchvisionConfig, request);

export const exportTimm = (request: ExportRequest): Promise<Exported> =>
  exportForLibrary('timm', timmConfig, request);
