import type { CorrectionCodec, Precision } from './codec.js';
import { float16Codec, float32Codec } from './float-codecs.js';
import { int8Codec } from './int8-codec.js';

export const CODECS: Readonly<Record<Precision, CorrectionCodec>> = {
  float32: float32Codec,
  float16: float16Codec,
  int8: int8Codec,
};
