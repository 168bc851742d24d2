import { DType, executeOne, free, scalar, type Tensor, upload } from '../runtime/index.js';
import { cast } from './cast.js';
import { reshape } from './dense.js';
import { multiply, typeOf } from './elementwise.js';

const WORD = 2 ** 16;

/**
 * The mask of a dropout: bool of `shape`, true with probability 1 - `rate` within 2^-17. Philox's counter (Salmon
 * et al. 2011) makes it a function of `key` alone, on any number of threads. 16 random bits per value take half the
 * time of TensorFlow's uniform floats, which use 32. @throws RangeError for an odd number of values
 */
export function dropoutMask(shape: readonly number[], rate: number, key: Int32Array): Tensor {
  const count = shape.reduce((product, side) => product * side, 1);
  if (count % 2 !== 0) throw new RangeError(`dropout needs an even number of values, not ${count}`);
  const words = randomWords(count, key);
  const threshold = wordScalar(Math.round(rate * WORD));
  const flat = executeOne('GreaterEqual', [words, threshold], [type('T', DType.uint16)]);
  const mask = reshape(flat, shape);
  free(words, threshold, flat);
  return mask;
}

/** `values` / (1 - rate) where the mask is true, else 0: used for dropout and for its gradient. */
export function keepMasked(values: Tensor, mask: Tensor, rate: number): Tensor {
  const scale = scalarLike(values, 1 / (1 - rate));
  const zero = scalarLike(values, 0);
  const scaled = multiply(values, scale);
  const kept = executeOne('SelectV2', [mask, scaled, zero], [typeOf(values)]);
  free(scale, zero, scaled);
  return kept;
}

function scalarLike({ dtype }: Tensor, value: number): Tensor {
  const exact = scalar(value);
  if (dtype === DType.float32) return exact;
  const rounded = cast(exact, dtype as DType);
  free(exact);
  return rounded;
}

/** uint16 [count / 2, 2] */
function randomWords(count: number, key: Int32Array): Tensor {
  const shape = upload(Int32Array.of(count / 2), [1]);
  const seed = upload(key, [2]);
  const attributes = [type('dtype', DType.int32), type('T', DType.int32), type('Tseed', DType.int32)];
  const integers = executeOne('StatelessRandomUniformFullInt', [shape, seed], attributes);
  const words = executeOne('Bitcast', [integers], [type('T', DType.int32), type('type', DType.uint16)]);
  free(shape, seed, integers);
  return words;
}

function wordScalar(value: number): Tensor {
  const integer = upload(Int32Array.of(value), []);
  const word = cast(integer, DType.uint16);
  free(integer);
  return word;
}

const type = (name: string, value: DType) => ({ name, kind: 'type', value }) as const;
