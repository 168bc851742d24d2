import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

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
