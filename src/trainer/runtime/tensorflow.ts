import './enable-onednn.js';
import './node-compat.js';
import { createRequire } from 'node:module';
import type { GraphModel, io, LayersModel, Tensor } from '@tensorflow/tfjs';
import type { TFJSBinding } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding.js';

/**
 * The only module that loads TensorFlow. Training calls the native binding directly (raw tensor ids, explicit
 * ownership): no tape, no reference counting, and dtypes that tfjs does not know.
 */
type TensorFlowJs = typeof import('@tensorflow/tfjs-node-gpu');

const require = createRequire(import.meta.url);

/** The file that tfjs-node loads as well, so both have one TensorFlow; src/provision/tensorflow/binding.ts puts it there. */
export const binding: TFJSBinding = require('@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node');

/**
 * tfjs, for exports in its own format. Its seven megabytes of JavaScript are loaded at the first use, because they take
 * as long as TensorFlow itself and most trainers never export.
 */
export const tf: TensorFlowJs = new Proxy(Object.create(null), {
  get: (_, name) => Reflect.get(tfjs(), name),
});

function tfjs(): TensorFlowJs {
  return require('@tensorflow/tfjs-node-gpu');
}

export function describeRuntime(): { tensorflow: string; device: 'cpu' | 'gpu' } {
  return { tensorflow: binding.TF_Version, device: binding.isUsingGpuDevice() ? 'gpu' : 'cpu' };
}

/** A model in memory, in tfjs's format. */
export type ModelArtifacts = io.ModelArtifacts;

/** Types of tfjs. */
export interface Tfjs {
  LayersModel: LayersModel;
  GraphModel: GraphModel;
  Tensor: Tensor;
}
