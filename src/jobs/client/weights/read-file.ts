import { type FileHandle, open } from 'node:fs/promises';
import { StrataError } from '../../../contract/errors.js';
import {
  type Dtype,
  InvalidSafetensorsError,
  readHeaderOf,
  type SafetensorsHeader,
  type TensorPlace,
} from '../../../contract/safetensors.js';

/** A safetensors file that somebody sent. Nothing is read before its place and size were checked. */
export interface WeightsFile extends SafetensorsHeader {
  /** As float32. @throws StrataError weights_unknown for another type, and for values that are not finite */
  values(name: string): Promise<Float32Array>;
}

/** @throws StrataError weights_pickled, weights_damaged */
export async function withWeightsFile<T>(path: string, use: (file: WeightsFile) => Promise<T>): Promise<T> {
  const file = await open(path);
  try {
    const header = await readHeader(file);
    return await use({ ...header, values: (name) => valuesOf(file, name, header.tensors.get(name)) });
  } catch (error) {
    if (!(error instanceof InvalidSafetensorsError)) throw error;
    throw new StrataError('weights_damaged', `The file ${error.message}.`);
  } finally {
    await file.close();
  }
}

async function readHeader(file: FileHandle): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  if (isPickle(await read(file, 0, Math.min(SIGN_BYTES, size)))) throw new StrataError('weights_pickled');
  return readHeaderOf((offset, length) => read(file, offset, length), size, MAX_HEADER_BYTES);
}

const SIGN_BYTES = 8;
/** The longest names of a ResNet-1202 make a header of 1 MB. */
const MAX_HEADER_BYTES = 2 * 2 ** 20;

/** PyTorch writes a zip (since 1.6) or a bare pickle, which begins with its protocol. */
function isPickle(start: Uint8Array): boolean {
  const [first = 0, second = 0, ...rest] = start;
  if (first === 0x50 && second === 0x4b) return rest[0] === 3 && rest[1] === 4;
  return first === 0x80 && second >= 2 && second <= 5 && rest.some((byte) => byte !== 0);
}

async function read(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new InvalidSafetensorsError('is cut short');
    done += bytesRead;
  }
  return bytes;
}

async function valuesOf(
  file: FileHandle,
  name: string,
  place: TensorPlace | undefined,
): Promise<Float32Array> {
  const convert = place && TO_FLOAT[place.dtype];
  if (!convert)
    throw new StrataError(
      'weights_unknown',
      `${name} has the type ${place?.dtype}; weights are F32, F16, BF16 or F64.`,
    );
  const values = convert(await read(file, place.begin, place.end - place.begin));
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return values;
  throw new StrataError('weights_unknown', `${name} has the value ${values[bad]} at position ${bad}.`);
}

/** Little-endian, as the format says, and as every machine that runs this is. */
const TO_FLOAT: { readonly [D in Dtype]?: (bytes: Uint8Array<ArrayBuffer>) => Float32Array } = {
  F32: ({ buffer }) => new Float32Array(buffer),
  F64: ({ buffer }) => Float32Array.from(new Float64Array(buffer)),
  BF16: ({ buffer }) => {
    const bits = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
    return new Float32Array(bits.buffer);
  },
  F16: ({ buffer }) => Float32Array.from(new Uint16Array(buffer), halfToNumber),
};

/** IEEE 754 binary16. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
