/** TensorFlow, as the trainer uses it. */
export * from './tensor.js';
export { describeRuntime, type ModelArtifacts, type Tfjs, tf } from './tensorflow.js';
export * from './variable.js';
