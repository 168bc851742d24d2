/** Costs of stages: the split of a network, the cost of a step, and the speed-up of a run (equation 27). */

export { type CostRates, ESTIMATED_RATES } from './cost-rates.js';
export * from './device-layouts.js';
export { evenSplits, evenSplitsBySeconds } from './even-splits.js';
export * from './pass-facts.js';
export { estimatedRates, type KnownDevice } from './precision-rates.js';
export { sharedSlots } from './shared-slots.js';
export * from './speedup.js';
export { type Balance, balancedSplit, type SplitOptions } from './split.js';
export * from './stage-costs.js';
export { costsByRates, costsOfProfile, type StepCosts } from './step-costs.js';
