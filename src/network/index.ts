/** Networks as pure data: what they are made of, what they cost, where they are cut, how a run is cut into rounds. */
export { type AuxiliarySize, leastAuxiliaryDepth } from './auxiliary.js';
export { ACTIVATION_WORK, activations, multiplyAdds, parameterCount, sizeOf, work } from './cost.js';
export { type CostRates, ESTIMATED_RATES } from './cost-rates.js';
export * from './description.js';
export { headLayers, type LocalHead, localHead } from './heads.js';
export { inputShape } from './input-shape.js';
export * from './layers.js';
export * from './layouts.js';
export * from './methods.js';
export { type ParameterSpec, parametersOf } from './parameters.js';
export * from './resnet.js';
export * from './rounds.js';
export * from './run.js';
export * from './speedup.js';
export { type Balance, balancedSplit, type SplitOptions } from './split.js';
export * from './stage-costs.js';
export { describeStages, type StageDescription } from './stages.js';
export { type NetworkVariants, networkVariants } from './variants.js';
