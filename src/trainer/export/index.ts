/** Trained networks as files for other tools. */
import type { Exported, ExportFormat, ExportRequest, FurtherOutput } from './exported.js';
import { exportTfjsGraph } from './graph-export.js';
import { LIBRARIES } from './libraries.js';
import { exportForLibrary } from './library-export.js';
import { exportOnnx } from './onnx-export.js';
import { exportOnnxFloat16, exportOnnxInt8 } from './quantization/onnx-exports.js';
import { exportTfjsInt8 } from './quantization/tfjs-int8-export.js';
import { exportSafetensors } from './safetensors-export.js';
import { exportTfjsLayers } from './tfjs-export.js';

export { foldNorms } from './fold-norms.js';
export { measureLatency } from './latency.js';
export { inferenceModel } from './lower.js';
export { onnxFile } from './onnx-export.js';
export { TestAnswers } from './parity.js';
export type { Exported, ExportFormat, FurtherOutput };

const WRITERS: Readonly<Record<ExportFormat, (request: ExportRequest) => Promise<Exported>>> = {
  'tfjs-layers': exportTfjsLayers,
  'tfjs-graph': exportTfjsGraph,
  onnx: exportOnnx,
  'onnx-int8': exportOnnxInt8,
  'onnx-float16': exportOnnxFloat16,
  'tfjs-graph-int8': exportTfjsInt8,
  safetensors: exportSafetensors,
  torchvision: exportForLibrary('torchvision'),
  timm: exportForLibrary('timm'),
  transformers: exportForLibrary('transformers'),
  'cifar-resnet': exportForLibrary('cifar-resnet'),
  'wide-resnet-pytorch': exportForLibrary('wide-resnet-pytorch'),
};

/** A compact network has no file for a library: none has a network like it. */
export function hasFormat(network: ExportRequest['folder'], format: ExportFormat): boolean {
  return network === 'full' || !Object.hasOwn(LIBRARIES, format);
}

/** Writes the files of one format for a network to `<folder>/`. @throws TrainerError export_mismatch */
export function exportNetwork(format: ExportFormat, request: ExportRequest): Promise<Exported> {
  return WRITERS[format](request);
}
