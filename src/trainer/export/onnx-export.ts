import type { ArtifactOutput } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
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
  return { artifacts: [await storeOnnx(name, bytes, blobs)], maxDifference, rounded: null };
}

export function onnxFile(model: InferenceModel, outputs: readonly FurtherOutput[] = []): Uint8Array {
  return encodeOnnx(buildOnnxGraph(model, outputs), onnxMetadata(model, outputs));
}

/** Facts that the file carries; each value is JSON. */
export function onnxMetadata(
  { manifest }: InferenceModel,
  outputs: readonly FurtherOutput[],
): Record<string, string> {
  const metadata = Object.entries({ ...metadataOf(manifest), ...outputsOf(outputs) });
  return Object.fromEntries(metadata.map(([key, value]) => [key, JSON.stringify(value)]));
}

export async function storeOnnx(name: string, bytes: Uint8Array, blobs: BlobStore): Promise<ArtifactOutput> {
  return { name, kind: 'model', media_type: 'application/octet-stream', ...(await blobs.put(bytes)) };
}
