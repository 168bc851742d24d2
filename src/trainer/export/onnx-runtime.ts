import type { Shape } from '../../network/index.js';
import { createSession, Tensor } from '../../onnx/runtime.js';
import type { Predict } from './parity.js';

/** Number of threads of ONNX Runtime, like those of the trainer in which it runs. */
export const ONNX_THREADS = 1;

/** Pixels 0..255, uint8 [count,H,W,C] -> every output of the graph by its name. */
type Run = (pixels: Uint8Array, count: number) => Promise<Readonly<Record<string, Float32Array>>>;

/** Loads an exported ONNX file and calls `use` with its predictions. */
export function withOnnxRuntime<T>(
  bytes: Uint8Array,
  image: Shape,
  use: (predict: Predict) => Promise<T>,
): Promise<T> {
  return withOnnxSession(bytes, image, (run) =>
    use(async (pixels, count) => (await run(pixels, count)).probabilities!),
  );
}

/** Loads an ONNX file and calls `use` with a function that runs it. */
export async function withOnnxSession<T>(
  bytes: Uint8Array,
  { height, width, channels }: Shape,
  use: (run: Run) => Promise<T>,
): Promise<T> {
  const session = await createSession(bytes, {
    intraOpNumThreads: ONNX_THREADS,
    interOpNumThreads: ONNX_THREADS,
  });
  try {
    return await use(async (pixels, count) => {
      const input = new Tensor('float32', Float32Array.from(pixels), [count, height, width, channels]);
      const outputs = Object.entries(await session.run({ pixels: input }));
      return Object.fromEntries(outputs.map(([name, { data }]) => [name, data as Float32Array]));
    });
  } finally {
    await session.release();
  }
}
