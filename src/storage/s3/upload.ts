import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Connection } from './connection.js';
import { putInParts, type Source } from './multipart.js';
import { putObject } from './objects.js';

/** The server checks the whole of an object of up to this size; of larger ones, each part. */
const MAX_SINGLE_BYTES = 16 << 20;

export async function uploadBytes(
  connection: Connection,
  key: string,
  bytes: Uint8Array,
  sha256: string,
): Promise<void> {
  if (bytes.byteLength <= MAX_SINGLE_BYTES) return putObject(connection, key, bytes, sha256);
  const read = async (start: number, end: number) => bytes.subarray(start, end);
  return putInParts(connection, key, { sizeBytes: bytes.byteLength, read }, sha256);
}

/** Uploads a file with bounded memory, whatever its size is. */
export async function uploadFile(
  connection: Connection,
  key: string,
  path: string,
  sha256: string,
): Promise<void> {
  const { size } = await stat(path);
  const file = await open(path);
  try {
    const source: Source = { sizeBytes: size, read: (start, end) => readPart(file, start, end) };
    if (size <= MAX_SINGLE_BYTES) return await putObject(connection, key, await source.read(0, size), sha256);
    return await putInParts(connection, key, source, sha256);
  } finally {
    await file.close();
  }
}

export async function readPart(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.alloc(end - start);
  let read = 0;
  while (read < buffer.length) {
    const { bytesRead } = await file.read(buffer, read, buffer.length - read, start + read);
    if (bytesRead === 0) throw new Error('the file became shorter while it was uploaded');
    read += bytesRead;
  }
  return buffer;
}
