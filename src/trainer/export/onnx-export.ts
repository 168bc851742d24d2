import type { Exported, ExportRequest, FurtherOutput } from './exported.js';
import type { InferenceModel } from './inference-layers.js';
import { metadataOf, outputsOf } from './metadata.js';
import { encodeOnnx } from './onnx-format.js';
import { buildOnnxGraph } from './onnx-graph.js';
import { withOnnxRuntime } from './onnx-runtime.js';
import type { Predict } from './parity.js';

/**
 * Exports a network as `<folder>/model.onnx` (opset 17). Before the file is stored, ONNX Runtime runs it, and the
 * results are compared on test images. @throws TrainerError export_mismatch above 1e-4
 */
export async function exportOnnx({
  folder,
  model,
  outputs,
  answers,
  blobs,
}: ExportRequest): Promise<Exported> {
  const name = `${folder}/model.onnx`;
  const bytes = onnxFile(model, outputs);
  const compare = (predict: Predict) => answers.compare(name, predict);
  const maxDifference = await withOnnxRuntime(bytes, model.manifest.image, compare);
  const stored = await blobs.put(bytes);
  return {
    artifacts: [{ name, kind: 'model', media_type: 'application/octet-stream', ...stored }],
    maxDifference,
  };
}

export function onnxFile(model: InferenceModel, outputs: readonly FurtherOutput[] = []): Uint8Array {
  const metadata = Object.entries({ ...metadataOf(model.manifest), ...outputsOf(outputs) });
  const asText = Object.fromEntries(metadata.map(([key, value]) => [key, JSON.stringify(value)]));
  return encodeOnnx(buildOnnxGraph(model, outputs), asText);
}
