/** The training loop of a stage or of the whole network. */
export * from '../objective/head-objective.js';
export * from '../objective/local-objective.js';
export { type Clock, Stopwatch } from '../stopwatch.js';
export * from './joint-step.js';
export * from './loop.js';
export * from './message-rounds.js';
export * from './part-step.js';
export * from './pipeline/index.js';
export type { StepReport } from './report.js';
export * from './stored-step.js';
