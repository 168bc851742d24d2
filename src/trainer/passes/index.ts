/** Execution of a described network: passes with and without gradients, and batch-norm statistics. */
export { type Factors, factorsAmong } from './factors.js';
export * from './infer-pass.js';
export { trainPass } from './mixed-pass.js';
export * from './norm-statistics.js';
export * from './pass.js';
