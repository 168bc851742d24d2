import type { Shape } from '../../network/index.js';
import { InferenceSession, Tensor } from '../../onnx/runtime.js';
import type { Predict } from './parity.js';

/** Number of threads of ONNX Runtime, like those of the trainer in which it runs. */
export const ONNX_THREADS = 1;

/** Loads an exported ONNX file and calls `use` with it. */
export async function withOnnxRuntime<T>(
  bytes: Uint8Array,
  { height, width, channels }: Shape,
  use: (predict: Predict) => Promise<T>,
): Promise<T> {
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: ONNX_THREADS,
    interOpNumThreads: ONNX_THREADS,
  });
  try {
    return await use(async (pixels, count) => {
      const input = new Tensor('float32', Float32Array.from(pixels), [count, height, width, channels]);
      const { probabilities } = await session.run({ pixels: input });
      return probabilities!.data as Float32Array;
    });
  } finally {
    await session.release();
  }
}
