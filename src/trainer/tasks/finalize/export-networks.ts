import type { TestPredictions } from '../../../contract/test-predictions.js';
import {
  type ArtifactOutput,
  type NetworkFigures,
  servingOutput,
  type TaskOutput,
  type TaskWarning,
} from '../../../contract/trainer-protocol.js';
import { multiplyAdds, parameterCount } from '../../../network/index.js';
import {
  type ClassFigures,
  type Evaluation,
  summarizeClasses,
  type TrainedNetwork,
} from '../../evaluation/index.js';
import {
  type ExportFormat,
  exportNetwork,
  foldNorms,
  hasFormat,
  inferenceModel,
  measureLatency,
  onnxFile,
  TestAnswers,
} from '../../export/index.js';
import type { TaskContext } from '../context.js';
import type { Readers } from '../inputs/readers.js';
import { exportFigures, inaccurateExport } from './export-figures.js';

/** A final network of a job, with its test results. */
export interface ScoredNetwork {
  readonly name: NetworkFigures['name'];
  readonly network: TrainedNetwork;
  readonly score: Evaluation;
  /** Every class of the test images, the lowest accuracy first. */
  readonly classes: readonly ClassFigures[];
  /** Its predictions on the test images. */
  readonly predictions: TestPredictions;
}

export interface ExportedNetworks {
  readonly artifacts: readonly ArtifactOutput[];
  /** Figures of the networks, side by side. */
  readonly figures: readonly NetworkFigures[];
  /** Differences between exports and trained network, by their names in the result of the job. */
  readonly differences: Readonly<Record<string, number>>;
  /** The ONNX files that serve predictions, as outputs of finalize. */
  readonly serving: Readonly<Record<string, TaskOutput>>;
  /** Files that were not stored, because they classify too few images correctly. */
  readonly warnings: readonly TaskWarning[];
}

/** Suffix of the name of a difference. */
const SUFFIXES: Readonly<Record<ExportFormat, string>> = {
  'tfjs-layers': '',
  'tfjs-graph': '_graph',
  onnx: '_onnx',
  'onnx-int8': '_onnx_int8',
  'onnx-float16': '_onnx_float16',
  'tfjs-graph-int8': '_graph_int8',
  safetensors: '_safetensors',
  torchvision: '_torchvision',
  timm: '_timm',
  transformers: '_transformers',
  'cifar-resnet': '_cifar_resnet',
  'wide-resnet-pytorch': '_wide_resnet_pytorch',
};

/**
 * Writes each network in every format of the job, checks each file, and compares the networks with each other.
 * @param progress called after each file with the number of finished files
 * @throws TrainerError export_mismatch
 */
export async function exportNetworks(
  context: TaskContext,
  networks: readonly ScoredNetwork[],
  readers: Readers,
  progress: (done: number) => void,
): Promise<ExportedNetworks> {
  const artifacts: ArtifactOutput[] = [];
  const figures: NetworkFigures[] = [];
  const serving: Record<string, TaskOutput> = {};
  const warnings: TaskWarning[] = [];
  for (const [index, scored] of networks.entries()) {
    const before = index * context.assignment.spec.exports.length;
    const exported = await exportOne(context, scored, readers, (done) => progress(before + done));
    artifacts.push(...exported.artifacts);
    figures.push(exported.figures);
    warnings.push(...exported.warnings);
    serving[servingOutput(scored.name)] = exported.serving;
  }
  return { artifacts, figures, differences: differencesOf(figures), serving, warnings };
}

interface OneExported extends Pick<ExportedNetworks, 'artifacts' | 'warnings'> {
  readonly figures: NetworkFigures;
  readonly serving: TaskOutput;
}

async function exportOne(
  context: TaskContext,
  { name, network, score, classes }: ScoredNetwork,
  { train, test }: Readers,
  progress: (done: number) => void,
): Promise<OneExported> {
  const { exports: wanted, export_options: options, model: trainedNetwork } = context.assignment.spec;
  const formats = wanted.filter((format) => hasFormat(name, format));
  const artifacts: ArtifactOutput[] = [];
  const figures = {
    name,
    ...score,
    ...summarizeClasses(classes),
    parameters: parameterCount(network.layers),
    multiply_adds: multiplyAdds(network.layers),
  };
  const trained = inferenceModel({ ...network.parts(), manifest: test.manifest });
  const model = options.fold_batch_norm ? foldNorms(trained) : trained;
  const answers = await TestAnswers.of(network, test, context.betweenSteps);
  const exports: NetworkFigures['exports'] = [];
  // Jobs from before this option have no `outputs`.
  const { outputs = [] } = options;
  const warnings: TaskWarning[] = [];
  const request = {
    ...{ folder: name, network: trainedNetwork, model, outputs },
    ...{ answers, train, blobs: context.blobs },
  };
  for (const format of formats) {
    const exported = await exportNetwork(format, request);
    const figures = await exportFigures(format, exported, test, context);
    exports.push(figures);
    const warning = inaccurateExport(name, figures);
    if (warning) warnings.push(warning);
    else artifacts.push(...exported.artifacts);
    progress(exports.length);
  }
  // Predictions need an ONNX file, even if the job does not export one for download.
  const onnx = formats.includes('onnx') ? artifacts : (await exportNetwork('onnx', request)).artifacts;
  const { uri, size_bytes } = onnx.find((file) => file.name === `${name}/model.onnx`)!;
  const latency = formats.length === 0 ? null : await measureLatency(onnxFile(model), test, context.now);
  return { artifacts, figures: { ...figures, latency, exports }, serving: { uri, size_bytes }, warnings };
}

function differencesOf(figures: readonly NetworkFigures[]): Record<string, number> {
  return Object.fromEntries(
    figures.flatMap(({ name, exports }) =>
      exports.map(({ format, max_difference }) => [
        `export_difference_${name}${SUFFIXES[format as ExportFormat]}`,
        max_difference,
      ]),
    ),
  );
}
