import './node-compat.js';
import type { io } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-node-gpu';
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';

/**
 * The only module that imports TensorFlow. Training calls the native binding directly (raw tensor ids, explicit
 * ownership): no tape, no reference counting, and dtypes that tfjs does not know. `tf` is used for exports in
 * tfjs's own format.
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

/** A model in memory, in tfjs's format. */
export type ModelArtifacts = io.ModelArtifacts;

export { tf };
