/** Messages of input gradients upstream: filters, codecs and spool files. */
export type * from './codec.js';
export * from './codecs/index.js';
export * from './filter.js';
export * from './spool.js';
export { FRAME } from './stream/frame.js';
export * from './stream/neighbors.js';
