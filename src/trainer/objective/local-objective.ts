import type { Batch } from '../data/index.js';
import type { TrainingContext } from '../passes/index.js';
import { free, read, type Tensor } from '../runtime/index.js';
import type { Stopwatch } from '../stopwatch.js';
import { batchLoss } from './batch-loss.js';

/** The local loss of a stage on one batch. */
export interface LocalLoss {
  /** d local loss / d stageOutput. The caller must free it. */
  readonly cotangent: Tensor;
  /** Reads the loss, and the violation of a coupling. Call it at most once, before `dispose`. */
  measure(): { readonly loss: number; readonly violation: number | null };
  dispose(): void;
}

/** The optimizer step of a loss. */
export interface LossStep {
  readonly batch: Batch;
  /** Its number, or that of a pass over a part of its batch: a step of n parts has the passes n step to n step + n-1. */
  readonly step: number;
  readonly learningRate: number;
  readonly stopwatch: Stopwatch;
}

/**
 * The local loss of a stage at an optimizer step. The caller owns stageOutput [B,...]. If the loss trains its own
 * layers, their weights are in `training`, and their gradients are added there.
 */
export type LocalObjective = (stageOutput: Tensor, at: LossStep, training: TrainingContext) => LocalLoss;

/** The objective of the last stage: the cross-entropy that a batch asks for, with labels smoothed by `labelSmoothing` (0..1). */
export function classificationObjective(labelSmoothing: number): LocalObjective {
  return (logits, { batch, stopwatch }) => {
    const { cotangent, losses } = stopwatch.time('loss', () => batchLoss(logits, batch, labelSmoothing));
    return {
      cotangent,
      measure: () => {
        const values = read(losses);
        return { loss: values.reduce((sum, loss) => sum + loss, 0) / values.length, violation: null };
      },
      dispose: () => free(losses),
    };
  };
}
