/** Costs of stages: where a network is split, what a step costs, what a run gains (Eq. 27). */

export { type CostRates, ESTIMATED_RATES } from './cost-rates.js';
export * from './device-layouts.js';
export { evenSplits, evenSplitsBySeconds } from './even-splits.js';
export * from './speedup.js';
export { type Balance, balancedSplit, type SplitOptions } from './split.js';
export * from './stage-costs.js';
export { costsByRates, costsOfProfile, type StepCosts } from './step-costs.js';
