import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { syncToDisk } from '../../storage/files.js';
import type { FileEntry } from './manifest.js';

/** Writes a stream as a file that survives a power failure. @returns its entry in a manifest */
export async function writeFileOf(folder: string, path: string, bytes: Readable): Promise<FileEntry> {
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  const measured = await measure(bytes, createWriteStream(target, { flags: 'wx', mode: 0o600 }));
  await syncToDisk(target);
  return { path, ...measured };
}

/** @throws Error that names the file if it is missing or has other bytes than its entry says */
export async function requireIntact(folder: string, entry: FileEntry): Promise<void> {
  requireSame(folder, entry, await measure(readStream(folder, entry)));
}

/** Copies a file of a backup. @throws Error if it has changed since it was checked */
export async function copyIntact(folder: string, entry: FileEntry, to: string): Promise<void> {
  requireSame(folder, entry, await writeFileOf(to, entry.path, readStream(folder, entry)));
}

export function readStream(folder: string, { path }: Pick<FileEntry, 'path'>): Readable {
  return createReadStream(join(folder, path));
}

type Measured = Omit<FileEntry, 'path'>;

async function measure(bytes: Readable, into?: Writable): Promise<Measured> {
  const hash = createHash('sha256');
  let size_bytes = 0;
  const measuring = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      size_bytes += chunk.length;
      done(null, into && chunk);
    },
  });
  if (into) await pipeline(bytes, measuring, into);
  else await pipeline(bytes, measuring.resume());
  return { size_bytes, sha256: hash.digest('hex') };
}

function requireSame(folder: string, entry: FileEntry, found: Measured): void {
  if (found.sha256 === entry.sha256 && found.size_bytes === entry.size_bytes) return;
  throw new Error(`${folder} is damaged: the bytes of ${entry.path} have changed. Use another backup.`);
}
