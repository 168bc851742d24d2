import { crc32 } from 'node:zlib';

/** Kinds of frames between the trainers of a gang: a tensor, a checkpoint that all are to make, or a sign of life. */
export const FRAME = { tensor: 1, checkpoint: 2, ping: 3 } as const;
export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  readonly kind: FrameKind;
  readonly bytes: ArrayBuffer;
}

/** "STRM": a frame begins here. Anything else is not from a trainer. */
const MAGIC = 0x5354524d;
/** Magic number, kind, length and checksum of the bytes, of four bytes each. */
export const HEADER_BYTES = 16;

export function headerOf({ kind, bytes }: Frame): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(MAGIC, 0);
  header.writeUInt32BE(kind, 4);
  header.writeUInt32BE(bytes.byteLength, 8);
  header.writeUInt32BE(crc32(new Uint8Array(bytes)), 12);
  return header;
}

/** Puts frames together from the pieces that a socket delivers. */
export class FrameReader {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #inHeader = 0;
  #body: Uint8Array<ArrayBuffer> | null = null;
  #inBody = 0;
  /** CRC-32 of what has come of the body, so that little is left to do when the last piece comes. */
  #checksum = 0;

  constructor(private readonly onFrame: (frame: Frame) => void) {}

  /** @throws Error if the bytes are not those that were sent */
  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#body ? this.#readBody(this.#body, rest) : this.#readHeader(rest);
  }

  #readHeader(chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, HEADER_BYTES - this.#inHeader);
    this.#header.set(taken, this.#inHeader);
    this.#inHeader += taken.length;
    if (this.#inHeader === HEADER_BYTES) {
      if (this.#header.readUInt32BE(0) !== MAGIC) throw new Error('a stream does not begin with a frame');
      this.#body = new Uint8Array(this.#header.readUInt32BE(8));
      this.#inBody = 0;
      this.#checksum = 0;
    }
    return chunk.subarray(taken.length);
  }

  #readBody(body: Uint8Array<ArrayBuffer>, chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, body.length - this.#inBody);
    body.set(taken, this.#inBody);
    this.#checksum = crc32(taken, this.#checksum);
    this.#inBody += taken.length;
    if (this.#inBody === body.length) this.#end(body);
    return chunk.subarray(taken.length);
  }

  #end(body: Uint8Array<ArrayBuffer>): void {
    if (this.#checksum !== this.#header.readUInt32BE(12)) {
      throw new Error('a frame does not match its checksum');
    }
    this.#body = null;
    this.#inHeader = 0;
    this.onFrame({ kind: this.#header.readUInt32BE(4) as FrameKind, bytes: body.buffer });
  }
}
