/** A trainer whose TensorFlow aborts the process: a shape with negative sides fails one of its own checks. */
import type { FromTrainer } from '../../../src/contract/trainer-protocol.js';
import { binding } from '../../../src/trainer/runtime/tensorflow.js';
import { RUNTIME } from './runtime.js';

process.on('message', () => {
  console.log('about to abort');
  binding.createTensor([-5, -7], 1, new Float32Array(35));
});
process.send?.({ type: 'ready', runtime: RUNTIME } satisfies FromTrainer);
