import type { JobSpec } from '../../contract/spec.js';
import { isGain, isNumber } from '../validation-metric.js';

export type EarlyStopping = NonNullable<JobSpec['early_stopping']>;

/** An evaluation between two rounds of the layer-parallel phase. */
export interface EvaluatedRound {
  readonly round: number;
  /** Epochs of the run that are over after that round. */
  readonly epochs: number;
  /** The metric of the rule. Null and NaN: the network gave no number. */
  readonly value: number | null;
}

export interface EarlyStop {
  readonly reason: 'early' | 'target';
  /** The last round of the phase. */
  readonly round: number;
  readonly value: number | null;
  /** The best evaluation up to that round; null if none gave a number. */
  readonly best: { readonly round: number; readonly value: number } | null;
}

/**
 * Decides from the evaluations of a job, in the order of their rounds, whether its layer-parallel phase has ended early. The
 * first evaluation that ends it decides, whatever later ones say, so the same values always end a job at the same round.
 */
export function earlyStop(rule: EarlyStopping, evaluations: readonly EvaluatedRound[]): EarlyStop | null {
  let best: EarlyStop['best'] = null;
  let withoutProgress = 0;
  for (const { round, epochs, value } of evaluations) {
    if (isNumber(value) && (best === null || isProgress(rule, value, best.value))) {
      best = { round, value };
      withoutProgress = 0;
    } else withoutProgress += 1;
    if (epochs < rule.min_epochs) continue;
    if (isNumber(value) && reachesTarget(rule, value)) return { reason: 'target', round, value, best };
    if (withoutProgress >= rule.patience) return { reason: 'early', round, value, best };
  }
  return null;
}

function isProgress(rule: EarlyStopping, value: number, best: number): boolean {
  return isGain(rule.metric) ? value > best + rule.min_delta : value < best - rule.min_delta;
}

function reachesTarget(rule: EarlyStopping, value: number): boolean {
  if (rule.target === null) return false;
  return isGain(rule.metric) ? value >= rule.target : value <= rule.target;
}
