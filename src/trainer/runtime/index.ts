/** TensorFlow, as the trainer uses it. */
export * from './tensor.js';
export { describeRuntime, tf } from './tensorflow.js';
