/** TensorFlow, as the trainer uses it. */
export { freeUploaded } from './garbage.js';
export * from './tensor.js';
export { describeRuntime, type ModelArtifacts, type Tfjs, tf } from './tensorflow.js';
export * from './variable.js';
