import type { ResolvedOptimizer, ResolvedSpec } from '../../contract/spec.js';
import type { ParameterSpec } from '../../network/index.js';
import { adamw } from './adamw.js';
import { kfac } from './kfac.js';
import { lamb } from './lamb.js';
import { lars } from './lars.js';
import type { OptimizerSettings } from './optimizer.js';
import { rateFactors } from './rates.js';
import { sgd } from './sgd.js';
import type { UpdateRule } from './update-rule.js';

type SpecOf<T extends ResolvedOptimizer['type']> = Extract<ResolvedOptimizer, { type: T }>;

/** Every optimizer of the contract, by its name. */
export const UPDATE_RULES: { readonly [T in ResolvedOptimizer['type']]: (spec: SpecOf<T>) => UpdateRule } = {
  sgd,
  adamw,
  lars,
  lamb,
  kfac,
};

export function updateRuleOf<T extends ResolvedOptimizer['type']>(spec: SpecOf<T>): UpdateRule {
  return UPDATE_RULES[spec.type as T](spec);
}

/** The optimizer of a job, without learning-rate factors of single parameters. */
export function optimizerSettings(spec: ResolvedOptimizer): OptimizerSettings {
  const decays = (parameter: ParameterSpec) => spec.decay_norm_and_bias || !isNormOrBias(parameter);
  return {
    rule: updateRuleOf(spec),
    weightDecayOf: (parameter) => (decays(parameter) ? spec.weight_decay : 0),
    clipNorm: spec.clip_norm,
  };
}

/** The same, with the rates that a job has by place in the network. AuxNets may have one of their own. */
export function settingsOfJob(job: Pick<ResolvedSpec, 'optimizer' | 'model'>): OptimizerSettings {
  const rateFactorOf = rateFactors(job);
  return { ...optimizerSettings(job.optimizer), ...(rateFactorOf && { rateFactorOf }) };
}

/** Scales and shifts of batch norms, and biases of dense layers, are the parameters with one dimension. */
function isNormOrBias({ shape }: ParameterSpec): boolean {
  return shape.length < 2;
}
