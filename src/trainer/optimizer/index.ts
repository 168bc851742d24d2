/** What turns gradients into new weights. */
export * from './parameter-values.js';
export { learningRateAt } from './schedule.js';
export * from './sgd.js';
