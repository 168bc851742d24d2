/** Local losses and their cotangents. */
export * from './classification.js';
export * from './coupling.js';
export * from './reconstruction.js';
