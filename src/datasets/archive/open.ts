import { open } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import { ImportError } from '../problems.js';
import type { UnpackBudget } from './budget.js';
import type { Archive } from './entry.js';
import { openTar } from './tar.js';
import { BLOCK_BYTES, isTarHeader } from './tar-header.js';
import { openZip } from './zip.js';

const HEAD_BYTES = 4_096;

/**
 * Opens a zip or tar (plain, or in gzip). The first bytes decide, because file names prove nothing. @throws
 * ImportError archive_unknown, and the errors of the archive's reader
 */
export async function openArchive(path: string, budget: UnpackBudget): Promise<Archive> {
  const head = await readHead(path);
  if (head.length === 0) throw new ImportError('archive_unknown', 'the file is empty');
  if (isZip(head)) return openZip(path, budget);
  if (isTar(head)) return openTar(path, false, budget);
  if (isGzip(head) && isTar(gunzipHead(head))) return openTar(path, true, budget);
  throw new ImportError('archive_unknown', `the file ${looksLike(head)}; send a .zip, .tar, .tar.gz or .npz`);
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;
/** `PK` with the mark of a local file, or of the end of an empty archive. */
const isZip = (head: Buffer): boolean => ['PK\x03\x04', 'PK\x05\x06'].includes(head.toString('latin1', 0, 4));
const TAR_MAGIC_AT = 257;
/** Archives of version 7 have no magic number, but the checksum of their first header. */
const isTar = (head: Buffer): boolean =>
  head.toString('latin1', TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === 'ustar' ||
  isTarHeader(head.subarray(0, BLOCK_BYTES));

/** The first unpacked bytes of a gzip file, as far as its first packed bytes reach. */
function gunzipHead(head: Buffer): Buffer {
  try {
    // Z_SYNC_FLUSH, because the rest of the stream is missing. Deflate makes at most 1032 bytes from one.
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1_032 * HEAD_BYTES });
  } catch {
    return Buffer.alloc(0);
  }
}

function looksLike(head: Buffer): string {
  const text = head.toString('latin1', 0, 16);
  if (isGzip(head)) return 'is gzip, but contains no tar archive';
  if (text.startsWith('7z\xbc\xaf')) return 'is a 7z archive';
  if (text.startsWith('Rar!')) return 'is a rar archive';
  if (text.startsWith('\xfd7zXZ')) return 'is compressed with xz';
  if (text.startsWith('BZh')) return 'is compressed with bzip2';
  if (text.startsWith('\x28\xb5\x2f\xfd')) return 'is compressed with zstd';
  if (text.startsWith('\x93NUMPY')) return 'is a single .npy array';
  if (text.startsWith('\xff\xd8\xff') || text.startsWith('\x89PNG')) return 'is a single image';
  return 'is not a known archive';
}
