import type { ResolvedOptimizer } from '../../contract/spec.js';
import type { ParameterSpec } from '../../network/index.js';
import { adamw } from './adamw.js';
import type { OptimizerSettings } from './optimizer.js';
import { sgd } from './sgd.js';
import type { UpdateRule } from './update-rule.js';

export function updateRuleOf(spec: ResolvedOptimizer): UpdateRule {
  return spec.type === 'sgd' ? sgd(spec) : adamw(spec);
}

/** What a job's optimiser does, but for rates of single parameters. */
export function optimizerSettings(spec: ResolvedOptimizer): OptimizerSettings {
  const decays = (parameter: ParameterSpec) => spec.decay_norm_and_bias || !isNormOrBias(parameter);
  return {
    rule: updateRuleOf(spec),
    weightDecayOf: (parameter) => (decays(parameter) ? spec.weight_decay : 0),
    clipNorm: spec.clip_norm,
  };
}

/** Batch norms' scales and shifts and dense layers' biases are the parameters with one dimension. */
function isNormOrBias({ shape }: ParameterSpec): boolean {
  return shape.length < 2;
}
