import { type ModelArtifacts, tf } from '../../runtime/index.js';
import type { Exported, ExportRequest, FurtherOutput } from '../exported.js';
import { graphModelFiles } from '../graph-export.js';
import { type GraphWeight, weightSpecOf } from '../graph-format.js';
import { buildGraphModel } from '../graph-model.js';
import type { InferenceModel } from '../inference-layers.js';
import { predictWith, storeTfjs } from '../tfjs-files.js';

const LEVELS = 255;

/**
 * Exports a network as `<folder>/tfjs-graph-int8/model.json` and `weights.bin`: the graph model with kernels of one
 * byte a weight, which TensorFlow.js turns back into float32 when it loads them.
 */
export async function exportTfjsInt8({
  model,
  outputs,
  answers,
  blobs,
  folder,
}: ExportRequest): Promise<Exported> {
  const files = int8Files(model, outputs);
  const loaded = await tf.loadGraphModel(tf.io.fromMemory(files));
  try {
    const { maxDifference, ...accuracies } = await answers.measure(predictWith(loaded, model.manifest));
    const artifacts = await storeTfjs(`${folder}/tfjs-graph-int8`, files, blobs);
    return { artifacts, maxDifference, rounded: { ...accuracies, onnx: null } };
  } finally {
    loaded.dispose();
  }
}

/** The files that `tf.loadGraphModel` reads. */
export function int8Files(model: InferenceModel, outputs: readonly FurtherOutput[] = []): ModelArtifacts {
  const weights = buildGraphModel(model).weights.map(rounded);
  return {
    ...graphModelFiles(model, outputs),
    weightSpecs: weights.map(({ spec }) => spec),
    weightData: new Uint8Array(Buffer.concat(weights.map(({ bytes }) => bytes))).buffer,
  };
}

/** Kernels as bytes with one scale and one least value, so that zero is one of the 256 values; vectors as they are. */
function rounded(weight: GraphWeight) {
  const spec = weightSpecOf(weight);
  const { values, shape } = weight;
  if (values instanceof Int32Array || shape.length < 2) {
    return { spec, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
  }
  const [least, greatest] = values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [0, 0]);
  const scale = (greatest - least) / LEVELS || 1;
  const min = scale * Math.round(least / scale);
  const bytes = Uint8Array.from(values, (value) =>
    Math.min(LEVELS, Math.max(0, Math.round((value - min) / scale))),
  );
  return { spec: { ...spec, quantization: { dtype: 'uint8' as const, scale, min } }, bytes };
}
