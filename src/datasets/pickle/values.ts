/** A NumPy array as a pickle tells it. */
export class NumberArray {
  readonly kind = 'array';
  shape: readonly number[] = [];
  /** Like `u1`. */
  type = '';
  bytes: Buffer = Buffer.alloc(0);
}

export class NumberType {
  constructor(readonly name: string) {}
}

/** What a pickle names; never the thing itself. */
export class Name {
  constructor(readonly path: string) {}
}

/** A byte string, which stays where it is: an array's bytes are hundreds of megabytes. */
export class Bytes {
  constructor(readonly bytes: Buffer) {}
}

export const MARK = Symbol('mark');

/** Byte strings as text, everywhere but in arrays. */
export function plain(value: unknown): unknown {
  return value instanceof Bytes ? value.bytes.toString('latin1') : value;
}
