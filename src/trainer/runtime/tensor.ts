import { binding } from './tensorflow.js';

/** TF_DataType numbers of TensorFlow's C API (tensorflow/core/framework/types.proto). */
export const DType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int8: 6,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  float16: 19,
} as const;
export type DType = (typeof DType)[keyof typeof DType];

/**
 * A tensor in TensorFlow's memory. It has one owner, who frees it. An arena frees everything that an owner forgot,
 * or that an error left behind.
 */
export interface Tensor {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

export type Attribute =
  | { readonly name: string; readonly kind: 'string'; readonly value: string }
  | { readonly name: string; readonly kind: 'int'; readonly value: number | readonly number[] }
  | { readonly name: string; readonly kind: 'float'; readonly value: number }
  | { readonly name: string; readonly kind: 'bool'; readonly value: boolean }
  | { readonly name: string; readonly kind: 'type'; readonly value: DType }
  | { readonly name: string; readonly kind: 'shape'; readonly value: readonly number[] };

const live = new Set<number>();
const variables = new Set<number>();
const arenas: Set<number>[] = [];

/** Number of existing tensors. A run with a constant number has no leak. */
export function liveTensors(): number {
  return live.size;
}

/**
 * Executes a TensorFlow op and returns its outputs, which the caller owns. @throws Error with TensorFlow's message
 */
export function execute(
  op: string,
  inputs: readonly Tensor[],
  attributes: readonly Attribute[] = [],
  outputs = 1,
): Tensor[] {
  const ids = inputs.map((tensor) => tensor.id);
  return binding.executeOp(op, attributes.map(nativeAttribute), ids, outputs).map(adopt);
}

/** `execute` for the many ops with one output. */
export function executeOne(
  op: string,
  inputs: readonly Tensor[],
  attributes: readonly Attribute[] = [],
): Tensor {
  return execute(op, inputs, attributes)[0]!;
}

/**
 * Passes `values` to TensorFlow. On the CPU this does not copy values that start at a multiple of 64 bytes, so the
 * array must not be written while the tensor exists.
 */
export function upload(values: Float32Array | Int32Array, shape: readonly number[]): Tensor {
  const dtype = values instanceof Float32Array ? DType.float32 : DType.int32;
  const id = binding.createTensor([...shape], dtype, values);
  return adopt({ id, shape: [...shape], dtype });
}

export function scalar(value: number): Tensor {
  return upload(Float32Array.of(value), []);
}

/** A copy of a float32 tensor's values. */
export function read(tensor: Tensor): Float32Array {
  if (tensor.dtype !== DType.float32) throw new TypeError(`read: dtype ${tensor.dtype} is not float32`);
  return binding.tensorDataSync(tensor.id) as Float32Array;
}

/** A copy of an int32 tensor's values. */
export function readIntegers(tensor: Tensor): Int32Array {
  if (tensor.dtype !== DType.int32) throw new TypeError(`readIntegers: dtype ${tensor.dtype} is not int32`);
  return binding.tensorDataSync(tensor.id) as Int32Array;
}

export function readScalar(tensor: Tensor): number {
  return read(tensor)[0]!;
}

/**
 * Frees tensors. A tensor that is already free is skipped, so an early free does not conflict with that of the
 * owner.
 */
export function free(...tensors: readonly Tensor[]): void {
  for (const { id } of tensors) release(id);
}

/** Makes `free` destroy the variable of a handle, which TensorFlow would otherwise keep. */
export function ownsVariable(handle: Tensor): void {
  variables.add(handle.id);
}

function release(id: number): void {
  if (!live.delete(id)) return;
  if (variables.delete(id)) binding.executeOp('DestroyResourceOp', [], [id], 0);
  binding.deleteTensor(id);
}

/**
 * Runs `body` and frees every tensor made in it, except the returned ones (an object or array of tensors, or
 * nothing).
 */
export function arena<T>(body: () => T): T {
  const created = new Set<number>();
  arenas.push(created);
  try {
    const result = body();
    for (const tensor of tensorsIn(result)) created.delete(tensor.id);
    closeArena(created, tensorsIn(result));
    return result;
  } catch (error) {
    closeArena(created, []);
    throw error;
  }
}

/** Runs `body`. If it throws, frees every tensor made in it. Otherwise, the tensors have owners. */
export function undoOnError<T>(body: () => T): T {
  const created = new Set<number>();
  arenas.push(created);
  try {
    return body();
  } catch (error) {
    for (const id of created) release(id);
    throw error;
  } finally {
    arenas.pop();
    const outer = arenas.at(-1);
    if (outer) for (const id of created) if (live.has(id)) outer.add(id);
  }
}

/**
 * Runs a whole task, which may wait in between; where it throws, frees every tensor made meanwhile. For one task at a time:
 * it cannot tell the tensors of two apart.
 */
export async function undoTaskOnError<T>(body: () => Promise<T>): Promise<T> {
  const before = new Set(live);
  try {
    return await body();
  } catch (error) {
    for (const id of [...live]) if (!before.has(id)) release(id);
    throw error;
  }
}

function closeArena(created: Set<number>, kept: readonly Tensor[]): void {
  arenas.pop();
  for (const id of created) release(id);
  const outer = arenas.at(-1);
  if (outer) for (const { id } of kept) outer.add(id);
}

function tensorsIn(value: unknown): Tensor[] {
  if (isTensor(value)) return [value];
  if (value instanceof Map) return [...value.values()].flatMap(tensorsIn);
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.values(value).flatMap(tensorsIn);
  }
  return [];
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'id' in value && 'dtype' in value && 'shape' in value;
}

function adopt(tensor: Tensor): Tensor {
  live.add(tensor.id);
  arenas.at(-1)?.add(tensor.id);
  return tensor;
}

const NATIVE_KIND = {
  string: binding.TF_ATTR_STRING,
  int: binding.TF_ATTR_INT,
  float: binding.TF_ATTR_FLOAT,
  bool: binding.TF_ATTR_BOOL,
  type: binding.TF_ATTR_TYPE,
  shape: binding.TF_ATTR_SHAPE,
} as const;

function nativeAttribute({ name, kind, value }: Attribute): {
  name: string;
  type: number;
  value: boolean | number | string | number[];
} {
  return { name, type: NATIVE_KIND[kind], value: value as boolean | number | string | number[] };
}
