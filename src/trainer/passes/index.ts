/** Running a described network: passes that can be pulled back, passes that cannot, and batch-norm statistics. */
export * from './infer-pass.js';
export { trainPass } from './mixed-pass.js';
export * from './norm-statistics.js';
export * from './pass.js';
