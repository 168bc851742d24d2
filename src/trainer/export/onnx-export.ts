import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import type { BlobStore } from '../../storage/blob-store.js';
import type { SplitReader } from '../data/index.js';
import type { TrainedNetwork } from '../evaluation/index.js';
import type { Exported } from './exported.js';
import { encodeOnnx } from './onnx-format.js';
import { buildOnnxGraph } from './onnx-graph.js';
import { checkParity, type Predict } from './parity.js';

/**
 * Exports a trained network as `<folder>/model.onnx` (opset 17). The file is run by ONNX Runtime and compared on
 * test images before it is stored.
 * @throws TrainerError export_mismatch above 1e-4
 */
export async function exportOnnx(
  folder: string,
  network: TrainedNetwork,
  test: SplitReader,
  blobs: BlobStore,
): Promise<Exported> {
  const name = `${folder}/model.onnx`;
  const graph = buildOnnxGraph({ ...network.parts(), manifest: test.manifest });
  const bytes = encodeOnnx(graph, { classes: JSON.stringify(test.manifest.classes) });
  // One thread, like the trainer that this runs in.
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  try {
    const maxDifference = await checkParity(name, predictWith(session, test), network, test);
    const stored = await blobs.put(bytes);
    return {
      artifacts: [{ name, kind: 'model', media_type: 'application/octet-stream', ...stored }],
      maxDifference,
    };
  } finally {
    await session.release();
  }
}

function predictWith(session: InferenceSession, { manifest }: SplitReader): Predict {
  const { height, width, channels } = manifest.image;
  return async (pixels, count) => {
    const input = new OnnxTensor('float32', Float32Array.from(pixels), [count, height, width, channels]);
    const { probabilities } = await session.run({ pixels: input });
    return probabilities!.data as Float32Array;
  };
}
