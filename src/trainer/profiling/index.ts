/** What a network's parts take on this device. */
export * from './profile-network.js';
