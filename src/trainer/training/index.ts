/** The training loop of a stage or of the whole network. */
export * from './head-objective.js';
export * from './ladder.js';
export * from './ladder-steps.js';
export * from './local-objective.js';
export { type Clock, Stopwatch } from './stopwatch.js';
export * from './stored-steps.js';
export * from './train-steps.js';
