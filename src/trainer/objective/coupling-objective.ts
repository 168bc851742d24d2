import type { ResolvedMethod } from '../../contract/spec.js';
import { couplingLossOf, MAX_RATE_TIMES_BETA } from '../../method/index.js';
import type { Layer } from '../../network/index.js';
import { batchStatisticsRule, inferPass, type NamedTensors } from '../passes/index.js';
import { free, readScalar, type Tensor } from '../runtime/index.js';
import { COUPLING_FORMULAS } from './coupling-losses.js';
import type { Coupling, Penalty } from './index.js';
import type { LocalLoss, LocalObjective } from './local-objective.js';

/** Source of g_{k+1} of a step. The reader must free the tensor. */
export interface Corrections {
  read(step: number): Tensor;
}

/** The data that a stage k < K-1 has about stage k+1. */
export interface Downstream {
  /** A_{k+1} as the downstream stage stored it. lambda_{k+1} is recomputed with it instead of being sent. */
  readonly auxiliary: readonly Layer[];
  readonly weights: NamedTensors;
  /** g_{k+1} of each batch; null for the penalty method. */
  readonly corrections: Corrections | null;
}

/** @param method its penalty, and the distance of its coupling, which decides what the objective reads of a stage */
export function couplingObjective(
  downstream: Downstream,
  method: Pick<ResolvedMethod, 'penalty'> & Partial<Pick<ResolvedMethod, 'coupling'>>,
): LocalObjective {
  const couple = COUPLING_FORMULAS[couplingLossOf(method)];
  return (stageOutput, { batch, step, learningRate, stopwatch }) => {
    const gradient = stopwatch.time('spool', () => downstream.corrections?.read(step) ?? null);
    const result = stopwatch.time('coupling', () => {
      const rule = batchStatisticsRule(downstream.weights);
      const downstreamInput = inferPass(downstream.auxiliary, batch.images, downstream.weights, rule);
      const made = couple(stageOutput, downstreamInput, gradient, penaltyAt(method.penalty, learningRate));
      free(downstreamInput, ...(gradient ? [gradient] : []));
      return made;
    });
    return coupledLoss(result);
  };
}

/** The local loss of a coupling. It becomes the owner of the coupling. */
export function coupledLoss(made: Coupling): LocalLoss {
  return {
    cotangent: made.cotangent,
    measure: () => measureCoupling(made),
    dispose: () => free(made.halfResidual, made.halfNorm, made.beta, ...(made.lifted ? [made.lifted] : [])),
  };
}

/** beta of a step: the given number, or the rule with its upper bound. */
export function penaltyAt(penalty: ResolvedMethod['penalty'], learningRate: number): Penalty {
  if (penalty === 'auto') throw new Error('a method with a coupling needs a resolved penalty');
  return penalty === 'adaptive' ? { adaptiveMax: MAX_RATE_TIMES_BETA / learningRate } : { beta: penalty };
}

export function measureCoupling({ halfResidual, halfNorm, beta, lifted }: Coupling): {
  loss: number;
  violation: number;
} {
  const squaredViolation = readScalar(halfResidual) / readScalar(halfNorm);
  const more = lifted ? readScalar(lifted) / readScalar(halfNorm) : 0;
  return { loss: (readScalar(beta) / 2) * (squaredViolation + more), violation: Math.sqrt(squaredViolation) };
}
