import { type Attribute, DType, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { reshape } from './dense.js';

/**
 * float32 -> float16, as int32 words of two halves each (the binding reads no 16-bit arrays).
 * @param tensor an even number of elements
 */
export function toHalfWords(tensor: Tensor): Tensor {
  const half = executeOne('Cast', [tensor], castAttributes(DType.float32, DType.float16));
  const pairs = reshape(half, [-1, 2]);
  const words = executeOne('Bitcast', [pairs], bitcastAttributes(DType.float16, DType.int32));
  free(half, pairs);
  return words;
}

/** Inverse of `toHalfWords`, with the shape given back. */
export function fromHalfWords(words: Int32Array, shape: readonly number[]): Tensor {
  const uploaded = upload(words, [words.length]);
  const pairs = executeOne('Bitcast', [uploaded], bitcastAttributes(DType.int32, DType.float16));
  const half = reshape(pairs, shape);
  const result = executeOne('Cast', [half], castAttributes(DType.float16, DType.float32));
  free(uploaded, pairs, half);
  return result;
}

function castAttributes(from: DType, to: DType): Attribute[] {
  return [
    { name: 'SrcT', kind: 'type', value: from },
    { name: 'DstT', kind: 'type', value: to },
    { name: 'Truncate', kind: 'bool', value: false },
  ];
}

function bitcastAttributes(from: DType, to: DType): Attribute[] {
  return [
    { name: 'T', kind: 'type', value: from },
    { name: 'type', kind: 'type', value: to },
  ];
}
