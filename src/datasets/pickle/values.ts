/** A NumPy array in a pickle. */
export class NumberArray {
  readonly kind = 'array';
  shape: readonly number[] = [];
  /** Type name, like `u1`. */
  type = '';
  bytes: Buffer = Buffer.alloc(0);
}

export class NumberType {
  constructor(readonly name: string) {}
}

/** A name in a pickle. It is never resolved. */
export class Name {
  constructor(readonly path: string) {}
}

/** A byte string, kept as a view: the bytes of an array take hundreds of megabytes. */
export class Bytes {
  constructor(readonly bytes: Buffer) {}
}

export const MARK = Symbol('mark');

/** Converts byte strings to text, except in arrays. */
export function plain(value: unknown): unknown {
  return value instanceof Bytes ? value.bytes.toString('latin1') : value;
}
