/** TensorFlow, as the trainer uses it. */
export { areMany, freeMessage, freeUploaded } from './garbage.js';
export { Staging } from './staging.js';
export * from './tensor.js';
export { describeRuntime, type ModelArtifacts, type Tfjs, tf } from './tensorflow.js';
export * from './variable.js';
