import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { Exported, ExportRequest } from './exported.js';
import { onnxFile } from './onnx-export.js';
import { withOnnxRuntime } from './onnx-runtime.js';
import type { Predict } from './parity.js';
import { safetensorsFiles } from './safetensors-files.js';
import { readSafetensors } from './safetensors-reader.js';

/**
 * Exports a network for PyTorch: `<folder>/model.safetensors` with PyTorch's names and layouts, and
 * `<folder>/config.json`, the network as data. docs/exports.md shows the 30 lines of code that run them. PyTorch is
 * not installed here. Instead, the two files are read again, and ONNX Runtime compares the result on test images
 * before they are stored. @throws TrainerError export_mismatch above 1e-4
 */
export async function exportSafetensors(request: ExportRequest): Promise<Exported> {
  const { folder, model, answers, blobs } = request;
  const name = `${folder}/model.safetensors`;
  const files = safetensorsFiles(model);
  const compare = (predict: Predict) => answers.compare(name, predict);
  const readBack = onnxFile(readSafetensors(files));
  const maxDifference = await withOnnxRuntime(readBack, model.manifest.image, compare);
  const weights = await blobs.put(files.weights);
  const config = await blobs.put(files.config);
  const artifacts: ArtifactOutput[] = [
    { name, kind: 'weights', media_type: 'application/octet-stream', ...weights },
    { name: `${folder}/config.json`, kind: 'model', media_type: 'application/json', ...config },
  ];
  return { artifacts, maxDifference, rounded: null };
}
