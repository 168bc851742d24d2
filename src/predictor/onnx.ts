import type { BlobUri } from '../contract/blob-uri.js';
import { InferenceSession, Tensor } from '../onnx/runtime.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { Network } from './predict.js';
import type { Loaded } from './sessions.js';

/** Loads an ONNX file of Strata and checks its sha256. @throws BlobMissingError, BlobCorruptError */
export async function loadNetwork(blobs: BlobStore, uri: BlobUri, threads: number): Promise<Loaded<Network>> {
  const bytes = await blobs.get(uri);
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // The arena would keep the memory of the largest batch forever.
    enableCpuMemArena: false,
  });
  const shape = session.inputMetadata[0];
  const sides = shape?.isTensor ? shape.shape.slice(1).map(Number) : [];
  const value: Network = async (pixels, count) => {
    const { probabilities } = await session.run({
      pixels: new Tensor('float32', pixels, [count, ...sides]),
    });
    return probabilities!.data as Float32Array;
  };
  return { value, sizeBytes: bytes.length, release: () => session.release() };
}
