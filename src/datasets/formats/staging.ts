import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { checkRatio } from '../archive/budget.js';
import type { ArchiveEntry } from '../archive/entry.js';
import { damaged } from '../archive/zip.js';
import { ImportError } from '../problems.js';
import type { ImportContext } from './reader.js';

/** An unpacked file of the archive, under a name that Strata chose. */
export interface StagedFile {
  /** Name in the archive. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * Writes an entry to the work folder, because its parts are not read in file order. Unpacks gzip if the name says
 * so. @throws ImportError
 */
export async function stage(
  entry: ArchiveEntry,
  { folder, limits }: Pick<ImportContext, 'folder' | 'limits'>,
  name: string,
): Promise<StagedFile> {
  const path = join(folder, `staged-${name}`);
  let written = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      written += chunk.length;
      try {
        checkRatio(written, entry.sizeBytes, entry.name);
        if (written > limits.max_unpacked_bytes)
          throw new ImportError(
            'archive_too_large',
            `the file unpacks to more than ${limits.max_unpacked_bytes} bytes`,
            entry.name,
          );
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
  const source = await entry.stream();
  const steps = entry.name.endsWith('.gz') ? [source, createGunzip(), measure] : [source, measure];
  try {
    await pipeline([...steps, createWriteStream(path, { flags: 'wx' })]);
  } catch (error) {
    const twice = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw twice
      ? new ImportError('dataset_format', 'the archive contains this file twice', entry.name)
      : damaged(error, entry.name);
  }
  return { name: entry.name, path, sizeBytes: (await stat(path)).size };
}
