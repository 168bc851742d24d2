import type { StepRange } from '../../method/index.js';
import { type ParameterSpec, parametersOf, type StageDescription } from '../../network/index.js';
import type { Batch } from '../data/index.js';
import type { Optimizer } from '../optimizer/index.js';
import { type Tensor, undoOnError } from '../runtime/index.js';
import type { Stopwatch } from '../stopwatch.js';
import { climbLadder, type LadderOptions } from './message-rounds.js';
import { checkedReport, STEPS_PER_REPORT, type StepReport } from './train-steps.js';

/** A stage with its optimizers, including that of its AuxNet. */
export interface LadderStage {
  readonly description: StageDescription;
  readonly optimizer: Optimizer;
}

export interface LadderStepsOptions
  extends Pick<LadderOptions, 'messageRounds' | 'beta' | 'labelSmoothing' | 'precision'> {
  readonly stages: readonly LadderStage[];
  readonly steps: StepRange;
  /** The first step to run: after a checkpoint, otherwise the first of `steps`. */
  readonly from: number;
  readonly seed: number;
  readonly batchAt: (step: number) => Batch | Promise<Batch>;
  readonly learningRateAt: (step: number) => number;
  readonly onReport: (report: StepReport, stage: number) => void;
  readonly breathe: (next: number) => Promise<void>;
  readonly stopwatch: Stopwatch;
}

/**
 * Trains all stages over a range of steps. Messages travel in both directions within a batch, so no stage can run
 * ahead. @throws TrainerError non_finite_loss naming stage, step, and whether it is the loss, a gradient or weights
 */
export async function trainLadderSteps(options: LadderStepsOptions): Promise<void> {
  const { steps, stopwatch } = options;
  for (let step = options.from; step < steps.end; step++) {
    const reports = (step - steps.start) % STEPS_PER_REPORT === 0 || step === steps.end - 1;
    const batch = await stopwatch.timeAsync('data', async () => options.batchAt(step));
    try {
      const made = undoOnError(() => trainStep(options, batch, step, reports));
      made.forEach((report, stage) => {
        if (report) options.onReport(report, stage);
      });
    } finally {
      batch.dispose();
    }
    await options.breathe(step + 1);
  }
}

function trainStep(
  options: LadderStepsOptions,
  batch: Batch,
  step: number,
  reports: boolean,
): (StepReport | null)[] {
  const { stages, stopwatch, seed } = options;
  const learningRate = options.learningRateAt(step);
  const weights = new Map(stages.flatMap(({ optimizer }) => [...optimizer.weights]));
  const ladder = {
    ...options,
    stages: stages.map(({ description }) => description),
    weights,
    draw: { seed, step },
  };
  const { gradients, losses } = climbLadder(ladder, { batch, step, learningRate, stopwatch });
  return stages.map(({ description, optimizer }, index) => {
    const loss = losses[index]!;
    const measured = reports ? stopwatch.time('report', () => loss.measure()) : null;
    loss.dispose();
    const own = gradientsOf(ladderParameters(description), gradients);
    const norms = stopwatch.time('optimizer', () => optimizer.step(own, learningRate, reports));
    return measured && norms && checkedReport({ step, learningRate, ...measured, norms }, index);
  });
}

function ladderParameters({ layers, auxiliary }: StageDescription): ParameterSpec[] {
  return parametersOf([...layers, ...(auxiliary ?? [])]);
}

function gradientsOf(
  parameters: readonly ParameterSpec[],
  gradients: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  return new Map(parameters.map(({ name }) => [name, gradients.get(name)!]));
}
