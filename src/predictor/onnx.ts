import type { BlobUri } from '../contract/blob-uri.js';
import { createSession, Tensor } from '../onnx/runtime.js';
import type { BlobStore } from '../storage/blob-store.js';
import { type Answerer, probabilitiesOf } from './answerer.js';
import type { Network } from './predict.js';
import type { Loaded } from './sessions.js';

/** Loads an ONNX file of Strata and checks its sha256. @throws BlobMissingError, BlobCorruptError */
export async function loadNetwork(blobs: BlobStore, uri: BlobUri, threads: number): Promise<Loaded<Network>> {
  const { value, ...loaded } = await loadAnswerer(blobs, uri, threads);
  return { ...loaded, value: probabilitiesOf(value) };
}

/** The same with every output of the file. */
export async function loadAnswerer(
  blobs: BlobStore,
  uri: BlobUri,
  threads: number,
): Promise<Loaded<Answerer>> {
  const bytes = await blobs.get(uri);
  const session = await createSession(bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // The arena would keep the memory of the largest batch forever.
    enableCpuMemArena: false,
  });
  const shape = session.inputMetadata[0];
  const sides = shape?.isTensor ? shape.shape.slice(1).map(Number) : [];
  const value: Answerer = async (pixels, count) => {
    const { probabilities, features } = await session.run({
      pixels: new Tensor('float32', pixels, [count, ...sides]),
    });
    return { probabilities: floatsOf(probabilities), features: features ? floatsOf(features) : null };
  };
  return { value, sizeBytes: bytes.length, release: () => session.release() };
}

function floatsOf(tensor: { readonly data: unknown } | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array))
    throw new Error('an output of the network has no float32 values');
  return tensor.data;
}
