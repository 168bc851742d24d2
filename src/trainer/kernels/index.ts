/** TensorFlow's fused ops with their gradients, each a plain function on tensors. */
export { rows } from './borders.js';
export * from './cast.js';
export * from './convolution.js';
export * from './cross-entropy.js';
export * from './dense.js';
export * from './dropout.js';
export * from './elementwise.js';
export * from './factors.js';
export * from './in-place.js';
export * from './max-pool.js';
export * from './norm-relu.js';
export * from './normalization.js';
export * from './packing.js';
export * from './pooling.js';
export * from './reduction.js';
export * from './resize.js';
export * from './words.js';
