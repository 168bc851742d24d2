import { read, upload } from '../../runtime/index.js';
import type { CorrectionCodec } from '../codec.js';
import { alignedBytes, bytesOf, elementsOf } from '../padding.js';

/** Exact. */
export const float32Codec: CorrectionCodec = {
  recordBytes: (shape) => 4 * elementsOf(shape),
  encode: (gradient) => bytesOf(read(gradient)),
  decode: (record, shape) => upload(new Float32Array(alignedBytes(record)), shape),
};
