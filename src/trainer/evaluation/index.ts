/** Use of trained networks: calibration, accuracy, fidelity, AuxNet reconstruction. */
export * from './class-figures.js';
export * from './fidelity.js';
export * from './initial-features.js';
export * from './low-fidelity.js';
export * from './reconstruct.js';
export * from './top-classes.js';
export * from './trained-network.js';
