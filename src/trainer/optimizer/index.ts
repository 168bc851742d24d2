/** Converts gradients to new weights. */
export { type AdamwSettings, adamw } from './adamw.js';
export * from './change-channels.js';
export { clipNorm } from './clip.js';
export * from './from-spec.js';
export { joinReplicas, replicaState } from './join-replicas.js';
export { type KfacSettings, kfac } from './kfac.js';
export { lamb } from './lamb.js';
export { type LarsSettings, lars } from './lars.js';
export { meanOf, meanState, meanValues } from './mean-state.js';
export * from './optimizer.js';
export * from './optimizer-state.js';
export { afterRound } from './outer-step.js';
export * from './parameter-values.js';
export { rateFactors } from './rates.js';
export { learningRateAt, replicaRateAt } from './schedule.js';
export { type SgdSettings, sgd } from './sgd.js';
export { type LayerUpdate, layerOf, type Memory, parameterwise, type UpdateRule } from './update-rule.js';
export * from './values.js';
