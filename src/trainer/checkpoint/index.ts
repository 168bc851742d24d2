/** Weights and optimizer state as files, at the end of a task and within it. */
export * from './checkpoint-file.js';
export * from './read-weights.js';
export * from './safetensors.js';
export { writeSafetensors } from './safetensors-file.js';
export * from './state-file.js';
