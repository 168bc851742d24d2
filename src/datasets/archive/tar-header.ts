import { ImportError } from '../problems.js';
import { decodeUtf8, decodeWestern } from './names.js';

/** A block of a tar archive, and the length of a header. */
export const BLOCK_BYTES = 512;
const CHECKSUM = { start: 148, end: 156 } as const;
const SPACE = 0x20;

/** A header by POSIX.1-1988 (ustar), GNU tar or version 7 of Unix, whose names and sizes are in the same places. */
export interface TarHeader {
  readonly name: Buffer;
  readonly sizeBytes: number;
  /** One character; NUL in archives of version 7. */
  readonly type: string;
}

/** Whether the block has the checksum that it declares: a header of any kind of tar has. */
export function isTarHeader(block: Buffer): boolean {
  if (block.length < BLOCK_BYTES) return false;
  const declared = octal(block.subarray(CHECKSUM.start, CHECKSUM.end));
  let unsigned = 0;
  // Some old tars added the bytes up as signed numbers.
  let signed = 0;
  for (let index = 0; index < BLOCK_BYTES; index++) {
    const inChecksum = index >= CHECKSUM.start && index < CHECKSUM.end;
    unsigned += inChecksum ? SPACE : block[index]!;
    signed += inChecksum ? SPACE : block.readInt8(index);
  }
  return declared === unsigned || declared === signed;
}

/** @throws ImportError archive_damaged */
export function readTarHeader(block: Buffer): TarHeader {
  if (!isTarHeader(block)) throw unreadable('a header does not have its checksum');
  const own = text(block, 0, 100);
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? text(block, 345, 155) : Buffer.alloc(0);
  const name = prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), own]) : own;
  return { name, sizeBytes: sizeIn(block.subarray(124, 136)), type: block.toString('latin1', 156, 157) };
}

/** Octal digits or, of 8 GiB and more, a binary number whose first bit is set. */
function sizeIn(field: Buffer): number {
  const isBinary = (field[0]! & 0x80) !== 0;
  const size = isBinary ? Number(field.readBigUInt64BE(4)) : octal(field);
  if (!Number.isSafeInteger(size) || size < 0) throw unreadable('a header holds no readable size');
  return size;
}

function octal(field: Buffer): number {
  const digits = /^[ \0]*([0-7]*)[ \0]*/.exec(field.toString('latin1'))?.[1] ?? '';
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function text(block: Buffer, start: number, length: number): Buffer {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return end < 0 ? field : field.subarray(0, end);
}

/** Fields of a PAX header (POSIX.1-2001), which describe the following entry. */
export interface PaxFields {
  readonly path: Buffer | null;
  readonly sizeBytes: number | null;
  readonly isSparse: boolean;
}

const MAX_DIGITS = 10;

/** Records of `length key=value\n`, read once from front to back. @throws ImportError archive_damaged */
export function readPax(bytes: Buffer): PaxFields {
  let fields: PaxFields = { path: null, sizeBytes: null, isSparse: false };
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const space = bytes.subarray(at, at + MAX_DIGITS).indexOf(SPACE);
    const length = Number(bytes.toString('latin1', at, at + Math.max(space, 0)));
    const equals = bytes.indexOf('=', at + space);
    const end = at + length;
    if (space < 1 || !Number.isInteger(length) || equals < 0 || equals >= end || end > bytes.length)
      throw unreadable('an extended header is malformed');
    const key = bytes.toString('latin1', at + space + 1, Math.min(equals, at + space + 40));
    const value = bytes.subarray(equals + 1, end - 1);
    if (key === 'path') fields = { ...fields, path: value };
    else if (key === 'size') fields = { ...fields, sizeBytes: Number(value.toString('latin1')) };
    else if (key.startsWith('GNU.sparse.')) fields = { ...fields, isSparse: true };
    at = end;
  }
  const { sizeBytes } = fields;
  if (sizeBytes !== null && !(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0))
    throw unreadable('an extended header holds no readable size');
  return fields;
}

/** Names are bytes in a tar; by now nearly all are UTF-8. */
export function nameIn(bytes: Buffer): { name: string; isNameGuessed: boolean } {
  const name = decodeUtf8(bytes);
  return name === null ? { name: decodeWestern(bytes), isNameGuessed: true } : { name, isNameGuessed: false };
}

export function unreadable(reason: string): ImportError {
  return new ImportError('archive_damaged', `the archive cannot be read: ${reason}`);
}
