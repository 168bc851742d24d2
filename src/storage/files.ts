import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Makes the contents of `path` survive a power failure. For a folder: the names in it. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Moves a complete temporary file to its place. A reader sees all of it or nothing, and it survives a power
 * failure.
 */
export async function publish(temporary: string, path: string): Promise<void> {
  await syncToDisk(temporary);
  await mkdir(dirname(path), { recursive: true });
  await rename(temporary, path);
  await syncToDisk(dirname(path));
}

/** Awaits `read`; null if the file does not exist. */
export async function orNull<T>(read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns in hex. @throws Error that the signal is aborted with */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { ...(signal && { signal }) });
  return hash.digest('hex');
}
