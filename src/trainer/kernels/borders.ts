import { type Attribute, DType, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { cast } from './cast.js';
import { typeOf } from './elementwise.js';

/** [B,h,w,c] -> [B,h+2s,w+2s,c] with `value` in the `side` rows and columns all around. */
export function withBorder(features: Tensor, side: number, value: number): Tensor {
  const paddings = upload(Int32Array.of(0, 0, side, side, side, side, 0, 0), [4, 2]);
  const single = upload(Float32Array.of(value), []);
  const constant = cast(single, features.dtype as DType);
  const result = executeOne(
    'PadV2',
    [features, paddings, constant],
    [typeOf(features), { name: 'Tpaddings', kind: 'type', value: DType.int32 }],
  );
  free(paddings, single, constant);
  return result;
}

export function withBorderShape(shape: readonly number[], side: number): number[] {
  return shape.map((size, axis) => (axis === 1 || axis === 2 ? size + 2 * side : size));
}

/** The inverse: the middle of `shape`. */
export function withoutBorder(features: Tensor, side: number, shape: readonly number[]): Tensor {
  return slice(features, [0, side, side, 0], shape);
}

/** The part of `tensor` from `origin` on. */
export function slice(tensor: Tensor, origin: readonly number[], shape: readonly number[]): Tensor {
  const begin = upload(Int32Array.from(origin), [origin.length]);
  const size = upload(Int32Array.from(shape), [shape.length]);
  const index: Attribute = { name: 'Index', kind: 'type', value: DType.int32 };
  const result = executeOne('Slice', [tensor, begin, size], [typeOf(tensor), index]);
  free(begin, size);
  return result;
}

/** Rows [start, start + count) of the first axis. */
export function rows(tensor: Tensor, start: number, count: number): Tensor {
  const [, ...others] = tensor.shape;
  return slice(tensor, [start, ...others.map(() => 0)], [count, ...others]);
}
