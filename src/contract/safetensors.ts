/**
 * The safetensors format (github.com/huggingface/safetensors, format specification): the length of the header as uint64,
 * a JSON header, then the arrays one after another. Python reads it with `safetensors.numpy.load_file`. Files come from
 * anybody, so every number of a header is checked before it is used.
 */
import { isObject } from './is-object.js';

/** Bytes of an element. */
const ELEMENT_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;
export type Dtype = keyof typeof ELEMENT_BYTES;

/** A file that is not a complete safetensors file. The message says why, and fits after the name of a file. */
export class InvalidSafetensorsError extends Error {}

export interface TensorPlace {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte in the file, and the byte after the last. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ArrayToStore {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const LENGTH_BYTES = 8;
/** The header is padded to a multiple of this, so that each array starts at a multiple of its element size. */
const ALIGNMENT = 8;
/** A ResNet-1202 with two memories of its optimizer has a header of 2 MB. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
const MAX_RANK = 8;

/** @param metadata null leaves `__metadata__` out */
export function encodeSafetensorsHeader(
  arrays: Iterable<
    readonly [name: string, Pick<ArrayToStore, 'dtype' | 'shape'> & { readonly byteLength: number }]
  >,
  metadata: Readonly<Record<string, string>> | null,
): Uint8Array {
  const entries: Record<string, object> = metadata === null ? {} : { __metadata__: metadata };
  let end = 0;
  for (const [name, { dtype, shape, byteLength }] of arrays) {
    entries[name] = { dtype, shape: [...shape], data_offsets: [end, end + byteLength] };
    end += byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const padded = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + padded).fill(0x20, LENGTH_BYTES + json.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/** A whole file. */
export function encodeSafetensorsFile(
  arrays: ReadonlyMap<string, ArrayToStore>,
  metadata: Readonly<Record<string, string>> | null,
): Uint8Array {
  const sized = [...arrays].map(
    ([name, { bytes, ...rest }]) => [name, { ...rest, byteLength: bytes.byteLength }] as const,
  );
  const header = encodeSafetensorsHeader(sized, metadata);
  const total = sized.reduce((sum, [, { byteLength }]) => sum + byteLength, header.length);
  const file = new Uint8Array(total);
  file.set(header);
  let offset = header.length;
  for (const { bytes } of arrays.values()) {
    file.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return file;
}

/**
 * Length of the header behind the first eight bytes of a file.
 * @throws InvalidSafetensorsError before anything of that length is read
 */
function headerLength(start: Uint8Array, fileBytes: number, maxBytes = MAX_HEADER_BYTES): number {
  if (start.length < LENGTH_BYTES) throw new InvalidSafetensorsError('is cut short');
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(Math.max(0, fileBytes - LENGTH_BYTES)))
    throw new InvalidSafetensorsError(
      `is cut short, or is no safetensors file: its header would have ${length} bytes`,
    );
  if (length > maxBytes)
    throw new InvalidSafetensorsError(`has a header of ${length} bytes; the limit is ${maxBytes}`);
  return Number(length);
}

/**
 * @param header the bytes behind the first eight
 * @throws InvalidSafetensorsError unless the arrays fill the file exactly, without a gap or an overlap
 */
function parseSafetensorsHeader(header: Uint8Array, fileBytes: number): SafetensorsHeader {
  const start = LENGTH_BYTES + header.length;
  const { __metadata__: metadata, ...entries } = parsed(header);
  const tensors = new Map<string, TensorPlace>();
  for (const [name, entry] of Object.entries(entries)) tensors.set(name, placeOf(name, entry, start));
  checkFilled(tensors, start, fileBytes);
  return { tensors, metadata: textsOf(metadata) };
}

/** The same of a whole file in memory. */
export function readSafetensorsHeader(file: Uint8Array): SafetensorsHeader {
  const length = headerLength(file.subarray(0, LENGTH_BYTES), file.length);
  return parseSafetensorsHeader(file.subarray(LENGTH_BYTES, LENGTH_BYTES + length), file.length);
}

/**
 * The same of a file that does not fit into memory.
 * @param read bytes of the file from an offset on
 * @param maxHeaderBytes limit of the header, whose parsing takes time
 */
export async function readHeaderOf(
  read: (offset: number, length: number) => Promise<Uint8Array>,
  fileBytes: number,
  maxHeaderBytes = MAX_HEADER_BYTES,
): Promise<SafetensorsHeader> {
  const start = await read(0, Math.min(LENGTH_BYTES, fileBytes));
  const length = headerLength(start, fileBytes, maxHeaderBytes);
  return parseSafetensorsHeader(await read(LENGTH_BYTES, length), fileBytes);
}

function parsed(header: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
    if (isObject(value)) return value;
  } catch {
    // As for a value that is no object.
  }
  throw new InvalidSafetensorsError('has a header that is not a JSON object');
}

function placeOf(name: string, entry: unknown, start: number): TensorPlace {
  const fail = (why: string): never => {
    throw new InvalidSafetensorsError(`has a tensor ${JSON.stringify(name.slice(0, 100))} ${why}`);
  };
  if (!isObject(entry)) return fail('that is not described');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype))
    return fail(
      `of the unknown type${typeof dtype === 'string' ? ` ${dtype.slice(0, 20)}` : ', not a text'}`,
    );
  if (!isCounts(shape) || shape.length > MAX_RANK) return fail('without a valid shape');
  if (!isCounts(offsets) || offsets.length !== 2) return fail('without valid offsets');
  const [from = 0, to = 0] = offsets;
  const size = shape.reduce((product, side) => product * side, ELEMENT_BYTES[dtype]);
  if (to - from !== size) return fail(`whose ${to - from} bytes do not hold its shape [${shape.join(', ')}]`);
  return { dtype, shape, begin: start + from, end: start + to };
}

/** As the format demands: the file has no bytes that are not of exactly one array. */
function checkFilled(tensors: ReadonlyMap<string, TensorPlace>, start: number, fileBytes: number): void {
  const places = [...tensors.values()].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = start;
  for (const place of places) {
    if (place.begin < end) throw new InvalidSafetensorsError('has tensors that share bytes');
    if (place.begin > end) throw new InvalidSafetensorsError('has bytes between its tensors');
    end = place.end;
  }
  if (end > fileBytes) throw new InvalidSafetensorsError('is cut short');
  if (end < fileBytes) throw new InvalidSafetensorsError(`has ${fileBytes - end} bytes behind its tensors`);
}

/** Metadata of other programs may hold anything; only texts are read. */
function textsOf(metadata: unknown): Record<string, string> {
  if (!isObject(metadata)) return {};
  return Object.fromEntries(
    Object.entries(metadata).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

const isDtype = (value: unknown): value is Dtype =>
  typeof value === 'string' && Object.hasOwn(ELEMENT_BYTES, value);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0);
