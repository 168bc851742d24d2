import type { ResolvedSpec } from '../../contract/spec.js';
import type { MetricSample } from '../../contract/trainer-protocol.js';
import type { ParameterSpec, StepRange } from '../../network/index.js';
import { parametersOf, trainSamples } from '../../network/index.js';
import { SplitReader, TrainBatches } from '../data/index.js';
import {
  learningRateAt,
  Optimizer,
  type OptimizerSettings,
  type OptimizerState,
  optimizerSettings,
} from '../optimizer/index.js';
import type { Tensor } from '../runtime/index.js';
import {
  type LocalObjective,
  type StepReport,
  type Stopwatch,
  type TrainedPart,
  trainSteps,
} from '../training/index.js';
import { readManifest, type TaskContext } from './context.js';
import type { RunDescription } from './run-description.js';

export interface TrainPartOptions {
  readonly run: RunDescription;
  readonly part: TrainedPart;
  readonly parameters: readonly ParameterSpec[];
  readonly state: OptimizerState;
  readonly steps: StepRange;
  readonly objective: LocalObjective;
  readonly onInputGradient: ((gradient: Tensor) => void) | null;
  readonly stopwatch: Stopwatch;
}

/** Trains a part over its steps from `state` and returns the state it ends in. */
export async function trainPart(context: TaskContext, options: TrainPartOptions): Promise<OptimizerState> {
  const { spec } = context.assignment;
  const { part, steps, run } = options;
  const batches = await openTrainBatches(context);
  const optimizer = new Optimizer(options.parameters, options.state, settingsOf(spec, part));
  const started = context.now();
  try {
    await trainSteps({
      ...options,
      optimizer,
      seed: spec.seed,
      batchAt: (step) => batches.at(step),
      learningRateAt: (step) => learningRateAt(spec.optimizer, step, run.rounds),
      onReport: (report) => {
        context.progress(report.step + 1 - steps.start, steps.end - steps.start);
        context.metrics(samplesOf(report, part.stage));
      },
      breathe: context.breathe,
    });
    context.metrics([throughputOf(options, spec.batch_size, context.now() - started)]);
    return optimizer.state();
  } finally {
    optimizer.dispose();
    batches.reader.close();
  }
}

/** AuxNets may have a learning rate of their own, under the stages' schedule. */
function settingsOf(spec: ResolvedSpec, { auxiliary }: TrainedPart): OptimizerSettings {
  const settings = optimizerSettings(spec.optimizer);
  const rate = spec.method.auxiliary.learning_rate;
  if (rate === null || auxiliary === null) return settings;
  const names = new Set(parametersOf(auxiliary).map(({ name }) => name));
  const factor = rate / spec.optimizer.learning_rate;
  return { ...settings, rateFactorOf: ({ name }) => (names.has(name) ? factor : 1) };
}

export async function openTrainBatches(context: TaskContext): Promise<TrainBatches> {
  const { spec, dataset } = context.assignment;
  const reader = await SplitReader.open(await readManifest(context), 'train', context.blobs);
  return new TrainBatches(reader, {
    seed: spec.seed,
    batchSize: spec.batch_size,
    samples: trainSamples(spec.max_train_samples, dataset),
    augmentation: spec.augmentation,
  });
}

function samplesOf(report: StepReport, stage: number | null): MetricSample[] {
  const { step, learningRate, loss, violation, norms } = report;
  const samples = [
    { name: 'loss', stage, step, value: loss },
    { name: 'learning_rate', stage, step, value: learningRate },
    { name: 'gradient_norm', stage, step, value: norms.gradient },
    { name: 'weight_norm', stage, step, value: norms.weights },
  ];
  // The violation belongs to the variable between two stages, which bears the downstream one's number.
  return violation === null
    ? samples
    : [...samples, { name: 'violation', stage: stage! + 1, step, value: violation }];
}

/** Images trained on per second of the whole loop, at the task's last step. */
function throughputOf(
  { part, steps }: TrainPartOptions,
  batchSize: number,
  milliseconds: number,
): MetricSample {
  const value = ((steps.end - steps.start) * batchSize * 1000) / milliseconds;
  return { name: 'images_per_second', stage: part.stage, step: steps.end - 1, value };
}
