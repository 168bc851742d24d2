/** Images in: decoding, array files, and the batches every stage agrees on. */
export * from './batches.js';
export * from './manifest.js';
export { prepareMnist } from './mnist.js';
export { SplitReader } from './split-reader.js';
