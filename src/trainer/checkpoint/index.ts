/** Weights and optimiser state as files. */
export * from './safetensors.js';
export * from './state-file.js';
