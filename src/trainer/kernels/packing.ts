import { DType, execute, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { reshape } from './dense.js';
import { FLOAT } from './elementwise.js';

/** Divides a vector into consecutive parts with the given shapes. */
export function unpack(vector: Tensor, shapes: readonly (readonly number[])[]): Tensor[] {
  const sizes = shapes.map((shape) => shape.reduce((product, side) => product * side, 1));
  const lengths = upload(Int32Array.from(sizes), [sizes.length]);
  const axis = upload(Int32Array.of(0), []);
  const parts = execute(
    'SplitV',
    [vector, lengths, axis],
    [
      FLOAT,
      { name: 'Tlen', kind: 'type', value: DType.int32 },
      { name: 'num_split', kind: 'int', value: sizes.length },
    ],
    sizes.length,
  );
  const shaped = parts.map((part, index) => reshape(part, shapes[index]!));
  free(lengths, axis, ...parts);
  return shaped;
}

/** Joins tensors of any shape into one vector, in order. */
export function pack(tensors: readonly Tensor[]): Tensor {
  const flat = tensors.map((tensor) => reshape(tensor, [-1]));
  const axis = upload(Int32Array.of(0), []);
  const vector = executeOne(
    'ConcatV2',
    [...flat, axis],
    [
      FLOAT,
      { name: 'N', kind: 'int', value: flat.length },
      { name: 'Tidx', kind: 'type', value: DType.int32 },
    ],
  );
  free(axis, ...flat);
  return vector;
}
