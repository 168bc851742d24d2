import { ImportError } from '../problems.js';

/** A NumPy array as a pickle tells it. */
export class NumberArray {
  readonly kind = 'array';
  shape: readonly number[] = [];
  type: NumberType = new NumberType('');
  bytes: Buffer = Buffer.alloc(0);
  /** Whether the first axis is the one whose neighbours lie side by side. */
  isFortran = false;

  /** Bytes of row `index` of an array of two axes, whatever its order. */
  row(index: number): Buffer {
    const [rows = 0, columns = 0] = this.shape;
    const { itemBytes } = this.type;
    if (!this.isFortran)
      return this.bytes.subarray(index * columns * itemBytes, (index + 1) * columns * itemBytes);
    const row = Buffer.allocUnsafe(columns * itemBytes);
    for (let column = 0; column < columns; column++) {
      const from = (column * rows + index) * itemBytes;
      this.bytes.copy(row, column * itemBytes, from, from + itemBytes);
    }
    return row;
  }

  /** The values of an array with one axis. */
  numbers(): number[] {
    const { itemBytes } = this.type;
    const count = this.bytes.length / itemBytes;
    return Array.from({ length: count }, (_, index) => this.type.read(this.bytes, index * itemBytes));
  }
}

const READERS: Readonly<Record<string, (bytes: Buffer, at: number, isBig: boolean) => number>> = {
  b1: (bytes, at) => bytes.readUInt8(at),
  u1: (bytes, at) => bytes.readUInt8(at),
  i1: (bytes, at) => bytes.readInt8(at),
  u2: (bytes, at, isBig) => (isBig ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at)),
  i2: (bytes, at, isBig) => (isBig ? bytes.readInt16BE(at) : bytes.readInt16LE(at)),
  u4: (bytes, at, isBig) => (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)),
  i4: (bytes, at, isBig) => (isBig ? bytes.readInt32BE(at) : bytes.readInt32LE(at)),
  u8: (bytes, at, isBig) => Number(isBig ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at)),
  i8: (bytes, at, isBig) => Number(isBig ? bytes.readBigInt64BE(at) : bytes.readBigInt64LE(at)),
  f4: (bytes, at, isBig) => (isBig ? bytes.readFloatBE(at) : bytes.readFloatLE(at)),
  f8: (bytes, at, isBig) => (isBig ? bytes.readDoubleBE(at) : bytes.readDoubleLE(at)),
};

/** A type of NumPy's numbers, like `u1` or `i8`. */
export class NumberType {
  isBigEndian = false;

  constructor(readonly name: string) {}

  get isKnown(): boolean {
    return Object.hasOwn(READERS, this.name);
  }

  get itemBytes(): number {
    return Number(this.name.slice(1));
  }

  /** @throws RangeError beyond the end */
  read(bytes: Buffer, at: number): number {
    return READERS[this.name]!(bytes, at, this.isBigEndian);
  }
}

/** A name in a pickle. It is never resolved. */
export class Name {
  constructor(readonly path: string) {}
}

/** A byte string, kept as a view: the bytes of an array take hundreds of megabytes. */
export class Bytes {
  #text: string | null = null;

  constructor(readonly bytes: Buffer) {}

  /** Made once, however often a pickle uses it. */
  get text(): string {
    this.#text ??= this.bytes.toString('latin1');
    return this.#text;
  }
}

export const MARK = Symbol('mark');

/** Converts byte strings to text, except in arrays. */
export function plain(value: unknown): unknown {
  return value instanceof Bytes ? value.text : value;
}

export function malformed(file: string): ImportError {
  return new ImportError('array_invalid', 'the pickle is malformed', file);
}
