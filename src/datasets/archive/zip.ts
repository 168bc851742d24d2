import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { messageOf } from '../../contract/message-of.js';
import { ImportError } from '../problems.js';
import { checkRatio, type UnpackBudget } from './budget.js';
import type { Archive, ArchiveEntry } from './entry.js';
import { cleanName, decodeUtf8, decodeWestern } from './names.js';

const STORED = 0;
const DEFLATED = 8;
const LOCAL_HEADER_BYTES = 30;
/** Deflate adds at most a few bytes per block to incompressible data. */
const DEFLATE_OVERHEAD = 1.01;

/**
 * A zip archive, read in place. Its central directory is read first, so that a hostile entry anywhere is rejected
 * before anything is unpacked. Names and sizes are checked here, by the same rules as in other archives.
 */
export async function openZip(path: string, budget: UnpackBudget): Promise<Archive> {
  const total = await survey(path, budget);
  let done = 0;
  return {
    get progress() {
      return total === 0 ? 1 : done / total;
    },
    async *entries() {
      const file = await open(path, 'r');
      const zip = await openDirectory(path, true);
      try {
        for await (const entry of namedEntries(zip)) {
          done += 1;
          if (!entry.isFolder) yield readable(zip, file, entry);
          else if (entry.name !== '') yield { kind: 'folder', name: entry.name };
        }
      } finally {
        zip.close();
        await file.close();
      }
    },
  };
}

interface Named {
  readonly name: string;
  readonly isNameGuessed: boolean;
  readonly isFolder: boolean;
  readonly entry: Entry;
}

async function openDirectory(path: string, validateEntrySizes: boolean): Promise<ZipFile> {
  try {
    return await yauzl.openPromise(path, {
      autoClose: false,
      decodeStrings: false,
      validateEntrySizes,
    });
  } catch (error) {
    throw damaged(error);
  }
}

async function* namedEntries(zip: ZipFile): AsyncGenerator<Named> {
  const entries = zip.eachEntry();
  for (;;) {
    const { value, done } = await entries.next().catch((error: unknown) => {
      throw damaged(error);
    });
    if (done) return;
    const entry: Entry = value;
    const { name: raw, isNameGuessed } = nameOf(entry);
    const isFolder = /[/\\]$/.test(raw);
    const name = cleanName(raw);
    if (name === '' && !isFolder) throw new ImportError('archive_unsafe', "a file's name is empty", raw);
    yield { name, isNameGuessed, isFolder, entry };
  }
}

const UTF8_FLAG = 0x800;
const UNICODE_PATH = 0x7075;

/**
 * A name in UTF-8, as a flag or an extra field says; many tools write UTF-8 and say nothing. Else it is in the code page of
 * IBM's PC, as the format has it (APPNOTE.TXT, appendix D), in which each byte is another character.
 */
function nameOf({ generalPurposeBitFlag: flags, fileNameRaw: raw, extraFields }: Entry): {
  readonly name: string;
  readonly isNameGuessed: boolean;
} {
  const isTold = extraFields.some(({ id }) => id === UNICODE_PATH);
  const name = isTold ? yauzl.getFileNameLowLevel(flags, raw, extraFields, true) : decodeUtf8(raw);
  if (name !== null) return { name, isNameGuessed: false };
  const isMislabelled = (flags & UTF8_FLAG) !== 0;
  const guess = isMislabelled ? decodeWestern(raw) : yauzl.getFileNameLowLevel(0, raw, [], true);
  return { name: guess, isNameGuessed: true };
}

/** Checks every entry. @returns the number of entries */
async function survey(path: string, budget: UnpackBudget): Promise<number> {
  // Sizes are checked below, with an error message for each fault.
  const zip = await openDirectory(path, false);
  const spans: Span[] = [];
  try {
    for await (const { name, entry } of namedEntries(zip)) {
      checkKind(name, entry);
      budget.addFile(name);
      budget.addBytes(entry.uncompressedSize, name);
      checkRatio(entry.uncompressedSize, entry.compressedSize, name);
      const start = entry.relativeOffsetOfLocalHeader;
      spans.push({ start, end: start + LOCAL_HEADER_BYTES + entry.fileNameLength + entry.compressedSize });
    }
  } finally {
    zip.close();
  }
  checkOverlaps(spans);
  return spans.length;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Overlapping entries let a small archive unpack to petabytes (the "better zip bomb"). */
function checkOverlaps(spans: Span[]): void {
  spans.sort((a, b) => a.start - b.start);
  for (let index = 1; index < spans.length; index++) {
    if (spans[index]!.start < spans[index - 1]!.end)
      throw new ImportError('archive_unsafe', 'entries of the zip archive overlap');
  }
}

const UNIX = 3;
const FILE_TYPE = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

function checkKind(name: string, entry: Entry): void {
  const mode = entry.externalFileAttributes >>> 16;
  const type = entry.versionMadeBy >> 8 === UNIX ? mode & FILE_TYPE : 0;
  if (type !== 0 && type !== REGULAR && type !== FOLDER)
    throw new ImportError('archive_unsafe', 'an entry is a link or a device; only files are allowed', name);
  if (entry.isEncrypted())
    throw new ImportError('archive_unsafe', 'an entry is encrypted; pack it without a password', name);
  const { compressionMethod: method, compressedSize: packed, uncompressedSize: size } = entry;
  if (method !== STORED && method !== DEFLATED)
    throw new ImportError(
      'archive_damaged',
      `an entry uses the compression method ${method}; use deflate`,
      name,
    );
  const possible = method === STORED ? packed === size : packed <= size * DEFLATE_OVERHEAD + 1_024;
  if (!possible) throw lying(name);
}

function readable(zip: ZipFile, file: FileHandle, { name, isNameGuessed, entry }: Named): ArchiveEntry {
  return {
    kind: 'file',
    name,
    isNameGuessed,
    sizeBytes: entry.uncompressedSize,
    async read(maxBytes) {
      if (entry.uncompressedSize > maxBytes)
        throw new ImportError('archive_too_large', `a file has more than ${maxBytes} bytes`, name);
      const bytes = await unpack(await readPacked(zip, file, entry), entry).catch((error: unknown) => {
        throw damaged(error, name);
      });
      if (bytes.length !== entry.uncompressedSize) throw lying(name);
      if (crc32(bytes) !== entry.crc32)
        throw new ImportError('archive_damaged', 'a file does not match its checksum', name);
      return bytes;
    },
    async stream() {
      const stream: Readable = await zip.openReadStreamPromise(entry).catch((error: unknown) => {
        throw damaged(error, name);
      });
      return stream;
    },
  };
}

async function readPacked(zip: ZipFile, file: FileHandle, entry: Entry): Promise<Buffer> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const packed = Buffer.allocUnsafe(entry.compressedSize);
  const { bytesRead } = await file.read(packed, 0, packed.length, fileDataStart);
  if (bytesRead !== packed.length) throw new Error('the entry is cut short');
  return packed;
}

async function unpack(packed: Buffer, entry: Entry): Promise<Buffer> {
  if (entry.compressionMethod === STORED) return packed;
  // One byte more than declared is enough to detect a wrong size.
  return promisify(inflateRaw)(packed, { maxOutputLength: entry.uncompressedSize + 1 });
}

function lying(name: string): ImportError {
  return new ImportError(
    'archive_damaged',
    'the size of a file differs from the size that the archive declares',
    name,
  );
}

export function damaged(error: unknown, name: string | null = null): ImportError {
  if (error instanceof ImportError) return error;
  const reason = messageOf(error);
  return new ImportError('archive_damaged', `the archive cannot be read: ${reason}`, name);
}
