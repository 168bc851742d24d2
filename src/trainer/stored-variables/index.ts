/** Auxiliary variables stored per sample, and the features they follow (arXiv:2009.01462). */
export * from './sample-rows.js';
export * from './stored-variables.js';
export * from './update.js';
