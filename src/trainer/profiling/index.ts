/** Measures the parts of a network on this device. */
export * from './profile-network.js';
