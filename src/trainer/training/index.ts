/** The training loop of a stage or of the whole network. */
export * from '../objective/head-objective.js';
export * from '../objective/local-objective.js';
export { type Clock, Stopwatch } from '../stopwatch.js';
export * from './message-round-steps.js';
export * from './message-rounds.js';
export * from './stored-steps.js';
export * from './train-steps.js';
