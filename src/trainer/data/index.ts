/** Images in: decoding, array files, and the batches every stage agrees on. */
export type { TrainBatchesOptions } from './batch-filler.js';
export * from './batches.js';
export { prepareMnist } from './mnist.js';
export { BatchThread, type PreparedBatches } from './prefetch/batch-thread.js';
export { SplitReader, splitFiles } from './split-reader.js';
