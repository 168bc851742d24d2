/** Trained networks at work: calibration, accuracy, AuxNet reconstruction. */
export * from './reconstruct.js';
export * from './trained-network.js';
