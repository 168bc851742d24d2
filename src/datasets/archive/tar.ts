import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ImportError } from '../problems.js';
import { checkRatio, type UnpackBudget } from './budget.js';
import { ByteReader } from './byte-reader.js';
import type { Archive, ArchiveEntry, ArchiveNote } from './entry.js';
import { cleanName } from './names.js';
import { BLOCK_BYTES, nameIn, readPax, readTarHeader, type TarHeader, unreadable } from './tar-header.js';
import { damaged } from './zip.js';

/** A tar archive, plain or in gzip, read once from front to back. Each entry is checked when it is read. */
export async function openTar(path: string, gzip: boolean, budget: UnpackBudget): Promise<Archive> {
  const { size } = await stat(path);
  let source: ReturnType<typeof createReadStream> | null = null;
  return {
    get progress() {
      return size === 0 || source === null ? 1 : source.bytesRead / size;
    },
    async *entries() {
      const file = createReadStream(path);
      source = file;
      const counted = countBytes(budget, () => file.bytesRead);
      // An error ends `counted`, and the loop below receives it.
      pipeline(gzip ? [file, createGunzip(), counted] : [file, counted], () => undefined);
      try {
        yield* entriesOf(new ByteReader(counted as AsyncIterable<Buffer>), budget);
      } catch (error) {
        throw damaged(error);
      } finally {
        file.destroy();
        counted.destroy();
      }
    },
  };
}

/** Longer extended headers belong to no image. */
const MAX_EXTENSION_LENGTH = 2 ** 20;

/** Description of an entry in the headers before its own. */
interface Extension {
  readonly path: Buffer | null;
  readonly sizeBytes: number | null;
  readonly isSparse: boolean;
}
const NO_EXTENSION: Extension = { path: null, sizeBytes: null, isSparse: false };

async function* entriesOf(
  bytes: ByteReader,
  budget: UnpackBudget,
): AsyncGenerator<ArchiveEntry | ArchiveNote> {
  let extension = NO_EXTENSION;
  for (;;) {
    const block = await bytes.take(BLOCK_BYTES);
    if (block.length === 0) return yield { kind: 'unended', name: '' };
    if (block.length < BLOCK_BYTES) throw unreadable('it is cut short');
    // The rest is read, too, because the checksum of gzip is at the end.
    if (block.every((byte) => byte === 0)) return void (await bytes.skip(Number.POSITIVE_INFINITY));
    const header = readTarHeader(block);
    if (isExtension(header)) {
      extension = await readExtension(bytes, header, extension);
      continue;
    }
    const sizeBytes = extension.sizeBytes ?? header.sizeBytes;
    const named = nameIn(extension.path ?? header.name);
    const item = itemOf(header.type, named, extension.isSparse);
    extension = NO_EXTENSION;
    budget.addFile(item.name);
    const content = new EntryContent(bytes, sizeBytes, item.name);
    if (item.kind === 'file') yield readable(content, { ...item, ...named, name: item.name });
    else if (item.name !== '') yield { kind: item.kind, name: item.name };
    await content.skipRest();
  }
}

const EXTENSIONS = ['x', 'X', 'g', 'L', 'K'];
const isExtension = ({ type }: TarHeader): boolean => EXTENSIONS.includes(type);

async function readExtension(
  bytes: ByteReader,
  { type, sizeBytes }: TarHeader,
  known: Extension,
): Promise<Extension> {
  if (sizeBytes > MAX_EXTENSION_LENGTH) {
    const message = `an extended header has ${sizeBytes} bytes; ${MAX_EXTENSION_LENGTH} are allowed`;
    throw new ImportError('archive_too_large', message);
  }
  const content = await new EntryContent(bytes, sizeBytes, '').readAll();
  // `g` is about the whole archive, like the commit that `git archive` notes, and `K` is where a link leads.
  if (type === 'g' || type === 'K') return known;
  if (type === 'L') return { ...known, path: content.subarray(0, endOf(content)) };
  const { path, sizeBytes: size, isSparse } = readPax(content);
  return { path: path ?? known.path, sizeBytes: size ?? known.sizeBytes, isSparse };
}

function endOf(text: Buffer): number {
  const end = text.indexOf(0);
  return end < 0 ? text.length : end;
}

const REFUSED: Readonly<Record<string, string>> = {
  '1': 'an entry is a link; only files may be in it',
  '2': 'an entry is a symlink; only files may be in it',
  '3': 'an entry is a character-device; only files may be in it',
  '4': 'an entry is a block-device; only files may be in it',
  '6': 'an entry is a fifo; only files may be in it',
  S: 'an entry is a sparse file; make the archive without --sparse (-S)',
  M: 'it continues an archive of several volumes; make it without --multi-volume (-M)',
};
const FILES = ['0', '\0', '7'];
/** `D` is a folder of an incremental archive, with a list of what was in it. */
const FOLDERS = ['5', 'D'];
const LABEL = 'V';

function itemOf(
  type: string,
  { name: raw }: { readonly name: string },
  isSparse: boolean,
): { readonly kind: 'file' | 'folder' | 'label'; readonly name: string } {
  if (type === LABEL) return { kind: 'label', name: raw };
  const name = cleanName(raw);
  const isFile = FILES.includes(type);
  const refused = isSparse && isFile ? REFUSED.S : REFUSED[type];
  if (refused !== undefined) throw new ImportError('archive_unsafe', refused, name);
  // In archives of version 7 a folder is a file whose name ends with a slash.
  if (FOLDERS.includes(type) || (isFile && /[/\\]\.?$/.test(raw))) return { kind: 'folder', name };
  if (!isFile)
    throw new ImportError('archive_unsafe', `an entry is of the unknown kind ${JSON.stringify(type)}`, name);
  if (name === '') throw new ImportError('archive_unsafe', "a file's name is empty", name);
  return { kind: 'file', name };
}

/** The bytes of one entry, which end where the next header begins. */
class EntryContent {
  #left: number;

  constructor(
    private readonly bytes: ByteReader,
    readonly sizeBytes: number,
    readonly name: string,
  ) {
    this.#left = sizeBytes;
  }

  async *pieces(): AsyncGenerator<Buffer> {
    try {
      for await (const piece of this.bytes.pieces(this.#left)) {
        this.#left -= piece.length;
        yield piece;
      }
    } catch (error) {
      throw damaged(error, this.name);
    }
    if (this.#left > 0) throw new ImportError('archive_damaged', 'a file is cut short', this.name);
  }

  async readAll(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.pieces()) pieces.push(piece);
    await this.skipRest();
    return Buffer.concat(pieces);
  }

  /** Entries fill whole blocks. */
  async skipRest(): Promise<void> {
    const skipped = await this.bytes.skip(this.#left);
    if (skipped < this.#left) throw new ImportError('archive_damaged', 'a file is cut short', this.name);
    this.#left = 0;
    await this.bytes.skip((BLOCK_BYTES - (this.sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
  }
}

function readable(
  content: EntryContent,
  { name, isNameGuessed }: Pick<ArchiveEntry, 'name' | 'isNameGuessed'>,
): ArchiveEntry {
  const { sizeBytes } = content;
  return {
    kind: 'file',
    name,
    isNameGuessed,
    sizeBytes,
    async read(maxBytes) {
      if (sizeBytes > maxBytes)
        throw new ImportError('archive_too_large', `a file has more than ${maxBytes} bytes`, name);
      const pieces: Buffer[] = [];
      for await (const piece of content.pieces()) pieces.push(piece);
      return Buffer.concat(pieces);
    },
    stream: async () => Readable.from(content.pieces(), { objectMode: false }),
  };
}

function countBytes(budget: UnpackBudget, packed: () => number): Transform {
  let unpacked = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      try {
        unpacked += chunk.length;
        budget.addBytes(chunk.length, '');
        checkRatio(unpacked, packed(), null);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
