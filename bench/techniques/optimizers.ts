import { OPTIMIZER_DEFAULTS } from '../../src/contract/generated/defaults.js';
import { kfac, type OptimizerSettings, sgd } from '../../src/trainer/optimizer/index.js';

/** The optimizers that are compared, with the defaults of the contract. */
export const SETTINGS = {
  sgd: settingsOf(sgd({ ...OPTIMIZER_DEFAULTS.sgd, nesterov: false })),
  kfac: settingsOf(kfac({ ...OPTIMIZER_DEFAULTS.kfac, nesterov: false })),
} as const;
export type OptimizerName = keyof typeof SETTINGS;

export const isOptimizer = (name: string | undefined): name is OptimizerName =>
  name !== undefined && name in SETTINGS;

function settingsOf(rule: OptimizerSettings['rule']): OptimizerSettings {
  return { rule, weightDecayOf: () => OPTIMIZER_DEFAULTS.sgd.weight_decay };
}
