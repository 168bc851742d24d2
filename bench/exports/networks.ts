import type { Latency } from '../../src/contract/trainer-protocol.js';
import {
  describeNetwork,
  type Layer,
  type ModelSize,
  parametersOf,
  wholeNetwork,
} from '../../src/network/index.js';
import { openSplit, type SplitReader, TrainBatches, UNCHANGED_IMAGES } from '../../src/trainer/data/index.js';
import { TrainedNetwork } from '../../src/trainer/evaluation/index.js';
import {
  type ExportFormat,
  exportNetwork,
  foldNorms,
  inferenceModel,
  measureLatency,
  onnxFile,
  TestAnswers,
} from '../../src/trainer/export/index.js';
import {
  initialValues,
  type NamedValues,
  Optimizer,
  sgd,
  startingSlots,
} from '../../src/trainer/optimizer/index.js';
import { classificationObjective, partStep, Stopwatch, trainLoop } from '../../src/trainer/training/index.js';
import { withBlobs } from '../../test/trainer/support/run-plan.js';
import { prepareImages } from './images.js';

const FORMATS: readonly ExportFormat[] = [
  ...(['tfjs-layers', 'tfjs-graph', 'onnx', 'safetensors'] as const),
  ...(['onnx-int8', 'onnx-float16', 'tfjs-graph-int8'] as const),
];
const SEED = 1;
const BATCH = 32;
const RATE = 0.05;

export interface ExportRow {
  readonly network: string;
  readonly form: 'as trained' | 'folded';
  readonly format: ExportFormat;
  readonly sizeBytes: number;
  readonly maxDifference: number;
  /** Null for a file that is not timed: TensorFlow.js and safetensors. */
  readonly latency: Latency | null;
  /** Share of the test images classified correctly, by the network and by the file. */
  readonly accuracies: readonly [trained: number, file: number] | null;
}

interface Request {
  readonly label: string;
  readonly model: ModelSize;
  readonly side: number;
  /** Number of training steps before the export. */
  readonly steps: number;
  readonly say: (line: string) => void;
}

/** Trains a network for a moment and writes it in every format, as trained and folded. @throws export_mismatch */
export function exportNetworkRows({ label, model, side, steps, say }: Request): Promise<ExportRow[]> {
  return withBlobs(async (blobs) => {
    const manifest = await prepareImages(side, blobs);
    const train = await openSplit(manifest, 'train', blobs);
    const test = await openSplit(manifest, 'test', blobs);
    const layers = wholeNetwork(describeNetwork(model, manifest.image, manifest.classes.length));
    const network = await TrainedNetwork.calibrate(layers, await briefly(layers, train, steps), train, SEED);
    const { accuracy } = await network.evaluate(test, async () => {});
    say(`… ${label}: ${steps} steps, ${(100 * accuracy).toFixed(1)} % of the test images`);
    const trained = inferenceModel({ ...network.parts(), manifest });
    const answers = await TestAnswers.of(network, test, async () => {});
    const rows: ExportRow[] = [];
    for (const form of ['as trained', 'folded'] as const) {
      const written = form === 'folded' ? foldNorms(trained) : trained;
      const now = () => performance.now();
      const latency = await measureLatency(onnxFile(written), test, now);
      for (const format of FORMATS) {
        const request = {
          folder: 'full',
          network: model,
          model: written,
          outputs: [],
          answers,
          train,
          blobs,
        };
        const { artifacts, maxDifference, rounded } = await exportNetwork(format, request);
        const sizeBytes = artifacts.reduce((sum, file) => sum + file.size_bytes, 0);
        const own = rounded?.onnx ? await measureLatency(rounded.onnx, test, now) : null;
        const accuracies = rounded && ([rounded.trainedAccuracy, rounded.accuracy] as const);
        const row = { network: label, form, format, sizeBytes, maxDifference, accuracies };
        rows.push({ ...row, latency: format === 'onnx' ? latency : own });
      }
    }
    network.dispose();
    train.close();
    test.close();
    return rows;
  });
}

async function briefly(layers: readonly Layer[], train: SplitReader, steps: number): Promise<NamedValues> {
  const parameters = parametersOf(layers);
  const rule = sgd({ momentum: 0.9, nesterov: false });
  const state = { weights: initialValues(parameters, SEED), slots: startingSlots(parameters, rule) };
  const optimizer = new Optimizer(parameters, state, { rule, weightDecayOf: () => 0 });
  const batches = new TrainBatches(train, {
    seed: SEED,
    batchSize: BATCH,
    samples: train.count,
    augmentation: UNCHANGED_IMAGES,
  });
  await trainLoop(
    {
      steps: { start: 0, end: steps },
      batchAt: (step) => batches.at(step),
      learningRateAt: () => RATE,
      onReport: () => {},
      betweenSteps: async () => {},
      stopwatch: new Stopwatch(() => performance.now()),
    },
    partStep({
      part: { stage: null, layers, auxiliary: null },
      seed: SEED,
      objective: classificationObjective(0),
      optimizer,
      onInputGradient: null,
    }),
  );
  const { weights } = optimizer.state();
  optimizer.dispose();
  return weights;
}
