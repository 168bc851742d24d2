import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';

/** A file to pack. */
export interface ZipEntry {
  /** Its path in the archive, with slashes. */
  readonly name: string;
  readonly path: string;
}

export interface ZipArchive {
  readonly sizeBytes: number;
  readonly stream: Readable;
}

/** The same files make the same archive. */
const OPTIONS = { compress: false, mode: 0o100644, mtime: new Date('1980-01-01T00:00:00') } as const;

/** A zip archive of files, made while it is read. They are stored as they are: weights do not compress. */
export async function zipOf(entries: readonly ZipEntry[]): Promise<ZipArchive> {
  const zip = new ZipFile();
  const stream = zip.outputStream as Readable;
  zip.on('error', (error: Error) => stream.destroy(error));
  for (const { path, name } of entries) zip.addFile(path, name, OPTIONS);
  const sizeBytes = await new Promise<number>((resolve, reject) => {
    stream.once('error', reject);
    // Its types leave out the size that it passes.
    zip.end({ forceZip64Format: false, comment: '' }, (...[size]: number[]) => resolve(size ?? 0));
  });
  return { sizeBytes, stream };
}
