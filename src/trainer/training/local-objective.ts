import type { ResolvedMethod } from '../../contract/spec.js';
import type { Layer } from '../../network/index.js';
import type { Batch } from '../data/index.js';
import { batchStatisticsRule, inferPass, type NamedTensors, type TrainingContext } from '../network/index.js';
import { type Coupling, classificationLoss, coupling, type Penalty } from '../objective/index.js';
import { free, read, readScalar, type Tensor } from '../runtime/index.js';
import type { Stopwatch } from './stopwatch.js';

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

/** Where g_{k+1} of a step comes from; the tensor is the reader's to free. */
export interface Corrections {
  read(step: number): Tensor;
}

/** What a stage k < K-1 knows of stage k+1. */
export interface Downstream {
  /** A_{k+1} as the downstream stage left it; lambda_{k+1} is recomputed from it rather than sent. */
  readonly auxiliary: readonly Layer[];
  readonly weights: NamedTensors;
  /** g_{k+1} of each batch; null for the penalty method. */
  readonly corrections: Corrections | null;
}

/** beta of a step: the number given, or the rule, kept stable by learningRate x beta <= 0.8 (docs/method.md). */
const LARGEST_RATE_TIMES_BETA = 0.8;

export function couplingObjective(
  downstream: Downstream,
  penalty: ResolvedMethod['penalty'],
): LocalObjective {
  return (stageOutput, { batch, step, learningRate, stopwatch }) => {
    const gradient = stopwatch.time('spool', () => downstream.corrections?.read(step) ?? null);
    const result = stopwatch.time('coupling', () => {
      const rule = batchStatisticsRule(downstream.weights);
      const downstreamInput = inferPass(downstream.auxiliary, batch.images, downstream.weights, rule);
      const made = coupling(stageOutput, downstreamInput, gradient, penaltyAt(penalty, learningRate));
      free(downstreamInput, ...(gradient ? [gradient] : []));
      return made;
    });
    return coupledLoss(result);
  };
}

/** The local loss of a coupling, which it takes over. */
export function coupledLoss(made: Coupling): LocalLoss {
  return {
    cotangent: made.cotangent,
    measure: () => measureCoupling(made),
    dispose: () => free(made.halfResidual, made.halfNorm, made.beta),
  };
}

function penaltyAt(penalty: ResolvedMethod['penalty'], learningRate: number): Penalty {
  if (penalty === 'auto') throw new Error('a method with a coupling has its penalty resolved');
  return penalty === 'adaptive'
    ? { adaptiveAtMost: LARGEST_RATE_TIMES_BETA / learningRate }
    : { beta: penalty };
}

function measureCoupling({ halfResidual, halfNorm, beta }: Coupling): { loss: number; violation: number } {
  const squaredViolation = readScalar(halfResidual) / readScalar(halfNorm);
  return { loss: (readScalar(beta) / 2) * squaredViolation, violation: Math.sqrt(squaredViolation) };
}
