import { countBefore, type StepRange } from '../../method/index.js';
import type { Batch } from '../data/index.js';
import { undoOnError } from '../runtime/index.js';
import type { Stopwatch } from '../stopwatch.js';
import type { StepAt, StepReport } from './report.js';

/** A stage, the whole network or all stages together: what a loop trains, one update at a time. */
export interface Trained {
  /** Awaited before a step is made, for what only waiting brings. */
  readonly prepare?: (step: number, stopwatch: Stopwatch) => Promise<void>;
  /**
   * Makes one update on the batch.
   * @returns the reports of the stages it updated, or none where the step does not report
   * @throws TrainerError non_finite_loss naming stage, step and tensor: the loss, or of which parameter the gradient or
   * the weights
   */
  readonly update: (at: StepAt) => readonly StepReport[] | Promise<readonly StepReport[]>;
  /** Makes the updates that are left after the last batch. Absent: every update is made with its batch. */
  readonly finish?: (stopwatch: Stopwatch) => Promise<readonly StepReport[]>;
}

export interface LoopOptions {
  readonly steps: StepRange;
  /** The first step to make: where a checkpoint was made, else the first of `steps`. */
  readonly from?: number;
  /** Asked for once a step, in order; the loop disposes of what it gets. */
  readonly batchAt: (step: number) => Batch | Promise<Batch>;
  readonly learningRateAt: (step: number) => number;
  readonly onReport: (report: StepReport) => void;
  /** Lets messages in and out between steps; `next` is the first step that is not made yet. */
  readonly betweenSteps: (next: number) => Promise<void>;
  readonly stopwatch: Stopwatch;
}

/** Losses and norms are read back this often: each read waits for the device. */
const STEPS_PER_REPORT = 10;

/** Makes one update for each step that is left. @throws TrainerError non_finite_loss */
export async function trainLoop(options: LoopOptions, trained: Trained): Promise<void> {
  const { steps, stopwatch, from = steps.start } = options;
  const { stride = 1 } = steps;
  for (let step = from; step < steps.end; step += stride) {
    const reports = reportsAt(steps, step);
    const learningRate = options.learningRateAt(step);
    const batch = await stopwatch.timeAsync('data', async () => options.batchAt(step));
    try {
      await trained.prepare?.(step, stopwatch);
      const at = { batch, step, learningRate, stopwatch, reports };
      // A warm trainer outlives a task that fails: tensors that the failing step had made must not stay.
      for (const report of await undoOnError(() => trained.update(at))) options.onReport(report);
    } finally {
      batch.dispose();
    }
    await options.betweenSteps(step + stride);
  }
  for (const report of (await trained.finish?.(stopwatch)) ?? []) options.onReport(report);
}

/** Whether losses and norms are read back in a step. */
export function reportsAt(steps: StepRange, step: number): boolean {
  const { stride = 1, end } = steps;
  return countBefore(steps, step) % STEPS_PER_REPORT === 0 || step + stride >= end;
}
