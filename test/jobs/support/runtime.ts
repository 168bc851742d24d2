import type { RuntimeInfo } from '../../../src/contract/trainer-protocol.js';

/** The runtime of a trainer without TensorFlow. */
export const RUNTIME: RuntimeInfo = {
  node: process.version,
  strata: 'strata 0',
  tensorflow: 'none',
  kernels: '0'.repeat(64),
  processor: 'no processor',
  instruction_set: 'none',
  threads: 1,
  device: 'cpu',
};
