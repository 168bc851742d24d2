import type { Layer } from '../../network/index.js';
import type { SpoolReader } from '../corrections/index.js';
import type { Batch } from '../data/index.js';
import { batchStatisticsRule, inferPass, type NamedTensors } from '../network/index.js';
import { type Coupling, classificationLoss, coupling, type Penalty } from '../objective/index.js';
import { free, read, readScalar, type Tensor } from '../runtime/index.js';

/** What a stage learns from one batch. */
export interface LocalLoss {
  /** d local loss / d stageOutput; owned by the caller. */
  readonly cotangent: Tensor;
  /** Reads the loss, and for a coupling the violation; to be called at most once, before `dispose`. */
  measure(): { readonly loss: number; readonly violation: number | null };
  dispose(): void;
}

/** The local loss of a stage at an optimiser step; stageOutput [B,...] stays its caller's. */
export type LocalObjective = (
  stageOutput: Tensor,
  batch: Batch,
  step: number,
  learningRate: number,
) => LocalLoss;

/** The last stage's: cross-entropy with the labels. */
export const classificationObjective: LocalObjective = (logits, batch) => {
  const { cotangent, losses } = classificationLoss(logits, batch.labels);
  return {
    cotangent,
    measure: () => {
      const values = read(losses);
      return { loss: values.reduce((sum, loss) => sum + loss, 0) / values.length, violation: null };
    },
    dispose: () => free(losses),
  };
};

/** What a stage k < K-1 knows of stage k+1. */
export interface Downstream {
  /** A_{k+1} as the downstream stage left it; lambda_{k+1} is recomputed from it rather than sent. */
  readonly auxiliary: readonly Layer[];
  readonly weights: NamedTensors;
  /** g_{k+1} of each batch; null for the penalty method. */
  readonly corrections: SpoolReader | null;
}

/** beta of a step: the number given, or the rule, kept stable by learningRate x beta <= 0.8 (docs/method.md). */
const LARGEST_RATE_TIMES_BETA = 0.8;

export function couplingObjective(downstream: Downstream, penalty: number | 'adaptive'): LocalObjective {
  return (stageOutput, batch, step, learningRate) => {
    const rule = batchStatisticsRule(downstream.weights);
    const downstreamInput = inferPass(downstream.auxiliary, batch.images, downstream.weights, rule);
    const gradient = downstream.corrections?.read(step) ?? null;
    const beta: Penalty =
      penalty === 'adaptive' ? { adaptiveAtMost: LARGEST_RATE_TIMES_BETA / learningRate } : { beta: penalty };
    const result = coupling(stageOutput, downstreamInput, gradient, beta);
    free(downstreamInput, ...(gradient ? [gradient] : []));
    return {
      cotangent: result.cotangent,
      measure: () => measureCoupling(result),
      dispose: () => free(result.halfResidual, result.halfNorm, result.beta),
    };
  };
}

function measureCoupling({ halfResidual, halfNorm, beta }: Coupling): { loss: number; violation: number } {
  const squaredViolation = readScalar(halfResidual) / readScalar(halfNorm);
  return { loss: (readScalar(beta) / 2) * squaredViolation, violation: Math.sqrt(squaredViolation) };
}
