/** Methods as data: messages between stages, rounds, phases, replicas. */

export * from './accumulation.js';
export * from './coupling-losses.js';
export * from './couplings.js';
export type * from './description.js';
export * from './frozen-features.js';
export * from './lags.js';
export * from './levels.js';
export * from './memory.js';
export * from './messages.js';
export * from './methods.js';
export * from './outer.js';
export * from './rounds.js';
export { METHODS, type MethodType, methodsWith } from './rules.js';
export * from './run.js';
export * from './samples.js';
export * from './sparsity.js';
export * from './stability.js';
export { type NetworkVariants, networkVariants } from './variants.js';
