import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { Exported, ExportRequest } from './exported.js';
import { LIBRARIES, type LibraryFormat } from './libraries.js';
import { onnxFile } from './onnx-export.js';
import { withOnnxRuntime } from './onnx-runtime.js';
import { readStateDict, stateDict } from './state-dict.js';

/**
 * Exports a network as a state dict that a library loads strictly: `<folder>/<library>/model.safetensors` and `config.json`
 * beside it. The file is read again, and ONNX Runtime compares the result on test images before it is stored.
 * @throws TrainerError export_mismatch above 1e-4
 */
export function exportForLibrary(format: LibraryFormat): (request: ExportRequest) => Promise<Exported> {
  const { layout, config } = LIBRARIES[format];
  return async ({ folder, model, network, answers, blobs }) => {
    const name = `${folder}/${format}/model.safetensors`;
    const weights = stateDict(model, network, layout);
    const maxDifference = await withOnnxRuntime(
      onnxFile(readStateDict(weights, model, network, layout)),
      model.manifest.image,
      (predict) => answers.compare(name, predict),
    );
    const described = `${JSON.stringify(config(model, network), null, 2)}\n`;
    const artifacts: ArtifactOutput[] = [
      { name, kind: 'weights', media_type: 'application/octet-stream', ...(await blobs.put(weights)) },
      {
        name: `${folder}/${format}/config.json`,
        kind: 'model',
        media_type: 'application/json',
        ...(await blobs.put(new TextEncoder().encode(described))),
      },
    ];
    return { artifacts, maxDifference, rounded: null };
  };
}
