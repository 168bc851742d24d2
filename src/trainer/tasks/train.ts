import type { ParameterSpec, StepRange } from '../../network/index.js';
import { trainSamples } from '../../network/index.js';
import { SplitReader, TrainBatches } from '../data/index.js';
import { initialValues, learningRateAt, type OptimizerState, Sgd, zeros } from '../optimizer/index.js';
import type { Tensor } from '../runtime/index.js';
import { type LocalObjective, type Stopwatch, type TrainedPart, trainSteps } from '../training/index.js';
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
  const { part, steps } = options;
  const batches = await openTrainBatches(context);
  const { momentum, weight_decay: weightDecay } = spec.optimizer;
  const optimizer = new Sgd(options.parameters, options.state, { momentum, weightDecay });
  try {
    await trainSteps({
      ...options,
      optimizer,
      seed: spec.seed,
      batchAt: (step) => batches.at(step),
      learningRateAt: (step) => learningRateAt(spec.optimizer, step, options.run.rounds.totalSteps),
      onReport: (report) => {
        context.progress(report.step + 1 - steps.start, steps.end - steps.start);
        context.metrics(samplesOf(report, part.stage));
      },
      breathe: context.breathe,
    });
    return optimizer.state();
  } finally {
    optimizer.dispose();
    batches.reader.close();
  }
}

/** The state before the first step: a pure function of the seed and the parameters' names. */
export function startingState(parameters: readonly ParameterSpec[], seed: number): OptimizerState {
  return { weights: initialValues(parameters, seed), momentum: zeros(parameters) };
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

function samplesOf(
  report: { step: number; learningRate: number; loss: number; violation: number | null },
  stage: number | null,
) {
  const { step, learningRate, loss, violation } = report;
  const samples = [
    { name: 'loss', stage, step, value: loss },
    { name: 'learning_rate', stage, step, value: learningRate },
  ];
  // The violation belongs to the variable between two stages, which bears the downstream one's number.
  return violation === null
    ? samples
    : [...samples, { name: 'violation', stage: stage! + 1, step, value: violation }];
}
