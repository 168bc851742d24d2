/** Stages that pass features down and gradients up in every step. */
export * from './pipeline-stage.js';
export * from './pipeline-step.js';
export * from './stream.js';
