import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline, Readable, Transform, type Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { ImportError } from '../problems.js';
import { checkRatio, type UnpackBudget } from './budget.js';
import type { Archive, ArchiveEntry } from './entry.js';
import { checkName } from './names.js';
import { damaged } from './zip.js';

/** A tar archive, plain or in gzip, read once from front to back: each entry is checked as it comes. */
export async function openTar(path: string, gzip: boolean, budget: UnpackBudget): Promise<Archive> {
  const { size } = await stat(path);
  const source = createReadStream(path);
  return {
    get progress() {
      return size === 0 ? 1 : source.bytesRead / size;
    },
    async *entries() {
      const unpacked = extract();
      const counted = countBytes(budget, () => source.bytesRead);
      const steps = gzip ? [source, createGunzip(), counted] : [source, counted];
      // What fails ends `unpacked`, where the loop below meets it. (It is a stream of another library, with the same methods.)
      pipeline([...steps, unpacked as unknown as Writable], () => undefined);
      try {
        for await (const entry of unpacked) {
          const { name, type } = entry.header;
          checkName(name);
          budget.addFile(name);
          checkKind(name, type);
          if (type === 'file' || type === 'contiguous-file') yield readable(entry as unknown as TarEntry);
          entry.resume();
        }
      } catch (error) {
        throw damaged(error);
      } finally {
        source.destroy();
      }
    },
  };
}

function checkKind(name: string, type: Header['type']): void {
  if (type === 'file' || type === 'contiguous-file' || type === 'directory') return;
  throw new ImportError('archive_unsafe', `an entry is a ${type}; only files may be in it`, name);
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

type TarEntry = AsyncIterable<Buffer> & { readonly header: Header };

function readable(entry: TarEntry): ArchiveEntry {
  const { name } = entry.header;
  const sizeBytes = entry.header.size;
  return {
    name,
    sizeBytes,
    async read(maxBytes) {
      if (sizeBytes > maxBytes)
        throw new ImportError('archive_too_large', `a file has more than ${maxBytes} bytes`, name);
      const chunks: Buffer[] = [];
      for await (const chunk of piecesOf(entry)) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      if (bytes.length !== sizeBytes) throw new ImportError('archive_damaged', 'a file is cut short', name);
      return bytes;
    },
    stream: async () => Readable.from(piecesOf(entry), { objectMode: false }),
  };
}

async function* piecesOf(entry: TarEntry): AsyncGenerator<Buffer> {
  try {
    yield* entry;
  } catch (error) {
    throw damaged(error, entry.header.name);
  }
}
