import './node-compat.js';
import type { io } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-node-gpu';
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';

/**
 * The only door to TensorFlow. Training speaks to the native binding itself (raw tensor ids, explicit ownership):
 * no tape, no reference counting, and dtypes tfjs does not know. `tf` is for exports, whose format is tfjs's own.
 */
interface NodeBackend {
  readonly binding: TFJSBinding;
  readonly isGPUPackage: boolean;
}

await tf.ready();

export const binding: TFJSBinding = (tf.backend() as unknown as NodeBackend).binding;

export function describeRuntime(): { tensorflow: string; device: 'cpu' | 'gpu' } {
  return { tensorflow: binding.TF_Version, device: binding.isUsingGpuDevice() ? 'gpu' : 'cpu' };
}

/** A model in memory, as tfjs saves and loads it. */
export type ModelArtifacts = io.ModelArtifacts;

export { tf };
