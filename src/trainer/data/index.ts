/** Input images: decoding, array files, and the batches, which are the same for every stage. */
export { UNCHANGED_IMAGES } from './augment.js';
export type { TrainBatchesOptions } from './batch-filler.js';
export * from './batches.js';
export { LabelRule, type LabelTerms } from './label-rule.js';
export { readLabels } from './labels.js';
export { prepareMnist } from './mnist.js';
export { openFiles, openSplit } from './open-split.js';
export { BatchThread, type PreparedBatches } from './prefetch/batch-thread.js';
export { sliceOf } from './reader-slice.js';
export { splitFiles } from './split-files.js';
export type { SplitReader } from './split-reader.js';
