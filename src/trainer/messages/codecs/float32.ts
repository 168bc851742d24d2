import { read, upload } from '../../runtime/index.js';
import type { CorrectionCodec } from '../codec.js';
import { bytesOf, elementsOf, floatsIn } from '../padding.js';

/** Exact. */
export const float32Codec: CorrectionCodec = {
  recordBytes: (shape) => 4 * elementsOf(shape),
  encode: (gradient) => [bytesOf(read(gradient))],
  decode: (record, shape) => upload(floatsIn(record), shape),
};
