/** Input gradients on their way upstream: codecs and spool files. */
export * from './codec.js';
export * from './spool.js';
