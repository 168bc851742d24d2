import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { crc32 } from '../../contract/crc32.js';

/** A file to pack. */
export interface ZipEntry {
  /** Its path in the archive, with slashes. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** Sizes and offsets have four bytes. */
export const MAX_ZIP_BYTES = 2 ** 32 - 1;

const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
/** Version 2.0 of the format: folders. */
const VERSION = 20;
/** Names are UTF-8. */
const UTF8 = 0x800;
/** 1 January 1980, the first day that the format knows. */
const NO_DATE = 0x21;

/** Size of the archive of these files. */
export function zipBytes(entries: readonly ZipEntry[]): number {
  return entries.reduce(
    (sum, { name, sizeBytes }) => sum + LOCAL_BYTES + CENTRAL_BYTES + 2 * Buffer.byteLength(name) + sizeBytes,
    END_BYTES,
  );
}

/**
 * A zip archive of files (APPNOTE.TXT 6.3.3), made while it is read. The files are stored as they are, because weights do
 * not compress. Each is read twice: its checksum stands before its bytes.
 */
export function zipOf(entries: readonly ZipEntry[]): Readable {
  return Readable.from(parts(entries), { objectMode: false });
}

async function* parts(entries: readonly ZipEntry[]): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const fields = await fieldsOf(entry);
    const name = Buffer.from(entry.name);
    const local = Buffer.concat([signed(0x04034b50), fields, name]);
    directory.push(centralHeader(fields, name, offset));
    yield local;
    yield* createReadStream(entry.path);
    offset += local.length + entry.sizeBytes;
  }
  const central = Buffer.concat(directory);
  yield central;
  yield endRecord(entries.length, central.length, offset);
}

function signed(signature: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(signature);
  return bytes;
}

/** The fields that local and central header share. */
async function fieldsOf({ name, path, sizeBytes }: ZipEntry): Promise<Buffer> {
  const fields = Buffer.alloc(LOCAL_BYTES - 4);
  fields.writeUInt16LE(VERSION, 0);
  fields.writeUInt16LE(UTF8, 2);
  fields.writeUInt16LE(NO_DATE, 8);
  fields.writeUInt32LE(await checksumOf(path), 10);
  fields.writeUInt32LE(sizeBytes, 14);
  fields.writeUInt32LE(sizeBytes, 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  return fields;
}

async function checksumOf(path: string): Promise<number> {
  let checksum = 0;
  for await (const chunk of createReadStream(path)) checksum = crc32(chunk, checksum);
  return checksum;
}

function centralHeader(fields: Buffer, name: Buffer, offset: number): Buffer {
  const version = Buffer.alloc(2);
  version.writeUInt16LE(VERSION);
  // Comment, disk and attributes are empty.
  const rest = Buffer.alloc(CENTRAL_BYTES - 6 - fields.length);
  rest.writeUInt32LE(offset, rest.length - 4);
  return Buffer.concat([signed(0x02014b50), version, fields, rest, name]);
}

function endRecord(count: number, directoryBytes: number, directoryOffset: number): Buffer {
  const record = Buffer.alloc(END_BYTES);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(directoryBytes, 12);
  record.writeUInt32LE(directoryOffset, 16);
  return record;
}
