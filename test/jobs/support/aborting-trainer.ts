/** A trainer whose TensorFlow aborts the process: a shape with negative sides fails one of its own checks. */
import type { FromTrainer } from '../../../src/contract/trainer-protocol.js';
import { binding } from '../../../src/trainer/runtime/tensorflow.js';

process.on('message', () => {
  console.log('about to abort');
  binding.createTensor([-5, -7], 1, new Float32Array(35));
});
const runtime = { node: process.version, tensorflow: binding.TF_Version, device: 'cpu', threads: 1 };
process.send?.({ type: 'ready', runtime } satisfies FromTrainer);
