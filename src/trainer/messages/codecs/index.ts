import type { CorrectionCodec, Precision } from '../codec.js';
import { float16Codec } from './float16.js';
import { float32Codec } from './float32.js';
import { int8Codec } from './int8.js';

/** The codec of every `corrections.precision` of the contract. */
export const CODECS: Readonly<Record<Precision, CorrectionCodec>> = {
  float32: float32Codec,
  float16: float16Codec,
  int8: int8Codec,
};
