import { type Attribute, DType, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { cast } from './cast.js';
import { reshape } from './dense.js';

/**
 * Number of values per int32 word, for dtypes of less than 32 bits, which the binding can neither read nor upload.
 */
const PER_WORD = { [DType.float16]: 2, [DType.int8]: 4 } as const;
export type NarrowType = keyof typeof PER_WORD;

/**
 * float32 -> `as`, several values per int32 word. Conversion to an integer truncates. @param tensor the values must
 * fill whole words
 */
export function toWords(tensor: Tensor, as: NarrowType): Tensor {
  const narrow = cast(tensor, as);
  const rows = reshape(narrow, [-1, PER_WORD[as]]);
  const words = executeOne('Bitcast', [rows], bitcastAttributes(as, DType.int32));
  free(narrow, rows);
  return words;
}

/** Inverse of `toWords`, with the given shape. */
export function fromWords(words: Int32Array, as: NarrowType, shape: readonly number[]): Tensor {
  const uploaded = upload(words, [words.length]);
  const rows = executeOne('Bitcast', [uploaded], bitcastAttributes(DType.int32, as));
  const narrow = reshape(rows, shape);
  const result = cast(narrow, DType.float32);
  free(uploaded, rows, narrow);
  return result;
}

function bitcastAttributes(from: DType, to: DType): Attribute[] {
  return [
    { name: 'T', kind: 'type', value: from },
    { name: 'type', kind: 'type', value: to },
  ];
}
