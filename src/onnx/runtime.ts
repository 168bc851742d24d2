import { createRequire } from 'node:module';
import type ort from 'onnxruntime-node';

// ONNX Runtime 1.30 sends data about sessions and models to its vendor, unless it finds this variable when it is
// loaded. `require` loads it after the line that sets the variable; an import would load it before.
process.env.ORT_DISABLE_TELEMETRY = '1';
const runtime = createRequire(import.meta.url)('onnxruntime-node') as typeof ort;

/** The one door to ONNX Runtime. */
export const { InferenceSession, Tensor } = runtime;
