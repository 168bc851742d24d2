import { createRequire } from 'node:module';
import type ort from 'onnxruntime-node';

// ONNX Runtime 1.30 sends data about sessions and models to its vendor, unless it finds this variable when it is
// loaded. `require` loads it after the line that sets the variable; an import would load it before.
process.env.ORT_DISABLE_TELEMETRY = '1';
const runtime = createRequire(import.meta.url)('onnxruntime-node') as typeof ort;

/** The one door to ONNX Runtime, with `createSession`. */
export const { Tensor } = runtime;

type Options = ort.InferenceSession.SessionOptions;

/**
 * Loads an ONNX file. Its products of bytes are exact on every x64 processor: AVX2 and AVX-512 without VNNI add pairs of
 * them in 16 bits, which overflow, unless this option asks ONNX Runtime for a slower, exact way there.
 */
export function createSession(bytes: Uint8Array, options: Options = {}): Promise<ort.InferenceSession> {
  return runtime.InferenceSession.create(bytes, {
    ...options,
    extra: { ...options.extra, session: { x64quantprecision: '1' } },
  });
}
