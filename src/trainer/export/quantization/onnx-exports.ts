import type { SplitReader } from '../../data/index.js';
import type { Exported, ExportRequest, FurtherOutput } from '../exported.js';
import { foldNorms } from '../fold-norms.js';
import type { InferenceModel } from '../inference-layers.js';
import { onnxMetadata, storeOnnx } from '../onnx-export.js';
import { encodeOnnx } from '../onnx-format.js';
import { buildOnnxGraph } from '../onnx-graph.js';
import { withOnnxRuntime } from '../onnx-runtime.js';
import { halfGraph } from './half-graph.js';
import { int8Graph } from './int8-graph.js';
import { measuredValues } from './quantized-values.js';
import { activationRanges } from './ranges.js';

/**
 * Exports a network as `<folder>/onnx-int8/model.onnx`: 8-bit integers in convolutions, sums and dense layers; pixels in and
 * probabilities out as in `model.onnx`. Batch norms after convolutions are always merged into them.
 */
export async function exportOnnxInt8(request: ExportRequest): Promise<Exported> {
  const { folder, model, train, outputs } = request;
  return store(`${folder}/onnx-int8/model.onnx`, await int8File(model, train, outputs), request);
}

/** Exports a network as `<folder>/onnx-float16/model.onnx`: kernels of half the size, arithmetic in float32. */
export function exportOnnxFloat16(request: ExportRequest): Promise<Exported> {
  const { folder, model, outputs } = request;
  return store(`${folder}/onnx-float16/model.onnx`, float16File(model, outputs), request);
}

export async function int8File(
  model: InferenceModel,
  train: SplitReader,
  outputs: readonly FurtherOutput[] = [],
): Promise<Uint8Array> {
  const graph = buildOnnxGraph(foldNorms(model), outputs);
  const ranges = await activationRanges(graph, measuredValues(graph), train);
  return encodeOnnx(int8Graph(graph, ranges), onnxMetadata(model, outputs));
}

export function float16File(model: InferenceModel, outputs: readonly FurtherOutput[] = []): Uint8Array {
  return encodeOnnx(halfGraph(buildOnnxGraph(model, outputs)), onnxMetadata(model, outputs));
}

async function store(
  name: string,
  onnx: Uint8Array,
  { model, answers, blobs }: ExportRequest,
): Promise<Exported> {
  const measured = await withOnnxRuntime(onnx, model.manifest.image, (predict) => answers.measure(predict));
  const { maxDifference, ...accuracies } = measured;
  return { artifacts: [await storeOnnx(name, onnx, blobs)], maxDifference, rounded: { ...accuracies, onnx } };
}
