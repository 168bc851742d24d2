/** Methods as data: messages between stages, rounds, phases, replicas. */

export * from './methods.js';
export * from './rounds.js';
export * from './run.js';
export * from './samples.js';
export * from './stability.js';
export { type NetworkVariants, networkVariants } from './variants.js';
