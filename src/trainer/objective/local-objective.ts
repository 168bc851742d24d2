import type { Batch } from '../data/index.js';
import type { TrainingContext } from '../passes/index.js';
import { free, read, type Tensor } from '../runtime/index.js';
import type { Stopwatch } from '../stopwatch.js';
import { classificationLoss } from './index.js';

/** What a stage learns from one batch. */
export interface LocalLoss {
  /** d local loss / d stageOutput; owned by the caller. */
  readonly cotangent: Tensor;
  /** Reads the loss, and for a coupling the violation; to be called at most once, before `dispose`. */
  measure(): { readonly loss: number; readonly violation: number | null };
  dispose(): void;
}

/** The optimiser step a loss is asked for. */
export interface LossStep {
  readonly batch: Batch;
  readonly step: number;
  readonly learningRate: number;
  readonly stopwatch: Stopwatch;
}

/**
 * The local loss of a stage at an optimiser step; stageOutput [B,...] stays its caller's. What the loss trains itself has
 * its weights in `training`, and its gradients are added there.
 */
export type LocalObjective = (stageOutput: Tensor, at: LossStep, training: TrainingContext) => LocalLoss;

/** The last stage's: cross-entropy with the labels, smoothed by `labelSmoothing` (0..1). */
export function classificationObjective(labelSmoothing: number): LocalObjective {
  return (logits, { batch, stopwatch }) => {
    const { cotangent, losses } = stopwatch.time('loss', () =>
      classificationLoss(logits, batch.labels, labelSmoothing),
    );
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
